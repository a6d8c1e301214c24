"""Public benchmarks of video questions: every question begins a conversation of its own about a whole clip.

Clips are asked about side by side, as visitors of the page are. A multiple-choice question is put as Video-MME puts it;
an open one as it stands.
"""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from llamavid_demo.chat import MovieChat
from llamavid_demo.errors import BenchmarkError, DemoError
from llamavid_demo.evaluation.evaluate import share_of
from llamavid_demo.evaluation.layouts import BenchmarkQuestion, chosen_option, lettered
from llamavid_demo.evaluation.squad import exact_match, token_f1
from llamavid_demo.film import Movie, find_movies, load_movie
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES
from llamavid_demo.film.subtitles import SUBTITLE_SUFFIXES
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings

LONGEST_QUESTION = 20_000  # characters, options included
_NAMES = ("{}", "v_{}", "video{}", "vid{}")  # ActivityNet's, MSR-VTT's and MSVD's files


def find_clips(folder: Path, questions: Sequence[BenchmarkQuestion]) -> dict[str, Path]:
    """Where the questions' clips are in a folder, by the names that they go by. Raises `BenchmarkError` for none."""
    there = {path.name if path.is_dir() else path.stem: path for path in find_movies(folder)}
    found: dict[str, Path] = {}
    for name in dict.fromkeys(question.clip for question in questions):
        stem = Path(name).stem if Path(name).suffix.lower() in VIDEO_SUFFIXES else name
        known = [there[form.format(stem)] for form in _NAMES if form.format(stem) in there]
        found |= {name: known[0]} if known else {}
    if not found:
        raise BenchmarkError(
            f"{folder} has none of the clips, such as {questions[0].clip}.mp4: give the folder of the videos."
        )
    return found


def prompt_of(question: BenchmarkQuestion) -> str:
    """What the model is asked."""
    if not question.options:
        return question.text
    *letters, last = (option[0] for option in lettered(question.options))
    return "\n".join([
        "Select the best answer to the following multiple-choice question based on the video. Respond with only the "
        f"letter ({', '.join(letters)}, or {last}) of the correct option.",
        question.text, *lettered(question.options), "The best answer is:",
    ])  # fmt: skip


def answers(
    model: LoadedModel,
    clips: Mapping[str, Path],
    questions: Sequence[BenchmarkQuestion],
    settings: Settings,
    options: Options,
    *,
    subtitles: Path | None = None,
) -> Iterator[tuple[BenchmarkQuestion, str | DemoError]]:
    """Each question with what the model says, or why it can't, as they come; several clips at once.

    `subtitles` is a folder of subtitle files by the clips' names, where they don't lie beside the clips. Leaving early
    waits for the answers that are being written.
    """
    settings = settings.model_copy(update={"question_chars": LONGEST_QUESTION})
    stopping, told = threading.Event(), queue.SimpleQueue[tuple[BenchmarkQuestion, str | Exception]]()

    def ask_about(clip: str) -> None:
        movie: Movie | None = None
        for question in (question for question in questions if question.clip == clip):
            if stopping.is_set():
                return
            try:
                words = _subtitles(question, clips[clip], subtitles)
                movie = movie if movie and question.subtitles is None else _film(clips[clip], words, settings)
                chat = MovieChat(model, movie, "all", settings=settings)
                told.put((question, chat.ask(prompt_of(question), options).finish().text))
            except Exception as error:  # whoever listens says what of it
                told.put((question, error))

    with ThreadPoolExecutor(settings.answers_at_once, thread_name_prefix="clip") as pool:
        try:
            for clip in dict.fromkeys(question.clip for question in questions):
                pool.submit(ask_about, clip)
            for _ in questions:
                question, said = told.get()
                if isinstance(said, Exception) and not isinstance(said, DemoError):
                    raise said
                yield question, said
        finally:
            stopping.set()
            pool.shutdown(cancel_futures=True)


def benchmark_scores(questions: Sequence[BenchmarkQuestion], said: Mapping[str, str]) -> dict[str, Any]:
    """Scores of the answered questions whose true answers are known, in all and by their groups.

    `accuracy` is of multiple-choice questions, `exact_match` and `token_f1` (SQuAD's, 0 to 1) of open ones.
    """
    scored = [question for question in questions if question.told and question.id in said]
    groups = sorted({question.group for question in scored} - {""})
    return {
        "questions": len(questions),
        "answered": sum(question.id in said for question in questions),
        **_scores(scored, said),
        "groups": {group: _scores([one for one in scored if one.group == group], said) for group in groups},
    }


def _scores(questions: Sequence[BenchmarkQuestion], said: Mapping[str, str]) -> dict[str, Any]:
    scores: dict[str, Any] = {"scored": len(questions)}
    if choices := [one for one in questions if one.options]:
        named = [(chosen_option(said[one.id], one.options), one.right) for one in choices]
        scores |= {"accuracy": share_of([number == right for number, right in named])}
        scores |= {"without_choice": sum(number is None for number, _ in named)}
    if pairs := [(said[one.id], one.answer or "") for one in questions if not one.options]:
        scores |= {"exact_match": share_of([exact_match(*pair) for pair in pairs])}
        scores |= {"token_f1": sum(token_f1(*pair) for pair in pairs) / len(pairs)}
    return scores


def _film(path: Path, subtitles: Path | None, settings: Settings) -> Movie:
    return load_movie(path, subtitles=subtitles, language=settings.subtitle_language)


def _subtitles(question: BenchmarkQuestion, clip: Path, folder: Path | None) -> Path | None:
    """The subtitle file that a question names, or the one in the folder by the name of its clip."""
    if question.subtitles:
        return (folder or clip.parent) / question.subtitles
    named = {clip.stem, question.clip}
    files = ((folder / f"{name}{suffix}") for name in sorted(named) for suffix in SUBTITLE_SUFFIXES) if folder else ()
    return next((file for file in files if file.is_file()), None)
