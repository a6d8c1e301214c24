"""A film with its talks as one sequence: exactly what inference sends, and talks that know nothing of each other."""

import random
from pathlib import Path

import pytest
import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.model.llama_vid.prompt import conversation_text, cue_text, section_prompt
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.training.english.film import Film, Turn, joined, talks_of
from llamavid_demo.training.english.pictures import NamedPictures, probabilities, sights
from llamavid_demo.training.english.recipe import PROMPT
from llamavid_demo.training.english.sequence import IGNORED, SequenceMaker, TalkSequence
from tests.byte_tokenizer import byte_tokenizer

CUES = [
    Cue(1.0, 2.5, "MARA: Did you lock the door?"),
    Cue(3.0, 4.2, "- Which one?\n- The green one."),
    Cue(11, 12, "Ah."),
]
TALKS = [
    [Turn("who asks?", "Mara does.", (0,), "who")],
    [Turn("which door", "The green one.", (1,), "what"), Turn("why?", "That isn't said.", (), "unanswerable")],
]


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> SequenceMaker:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    byte_tokenizer(path)
    tokenizer = BpeTokenizer(path)
    table = torch.randn(len(tokenizer), 16, generator=torch.Generator().manual_seed(0))
    return SequenceMaker(tokenizer, PROMPT, table)


def film() -> Film:
    return Film(list(CUES), 0, 15, [list(talk) for talk in TALKS])


def text_of(maker: SequenceMaker, ids: torch.Tensor) -> str:
    return maker.tokenizer.pieces.decode([i for i in ids.tolist() if i != FRAME], skip_special_tokens=False)


def test_the_film_comes_first_with_its_times(maker: SequenceMaker) -> None:
    made = maker(film(), look_frames=0)
    begin = text_of(maker, made.ids[: made.ends[0]])
    assert begin.startswith(
        "<|im_start|>system\nFilm\n0:01 MARA: Did you lock the door?\n0:03 - Which one? - The green"
    )
    assert "\n0:10" in begin and (made.ids[: made.ends[0]] == FRAME).sum() == 30


def test_it_is_what_inference_sends(maker: SequenceMaker) -> None:
    made, tokenizer = maker(film(), look_frames=0), maker.tokenizer
    spoken = [
        cue_text(PROMPT, [cue for cue in CUES if int(cue.end - 1e-9) == t or (cue.end == t + 1)], t) for t in range(15)
    ]
    section = section_prompt(tokenizer, PROMPT, spoken, 2)
    assert made.ids[: made.ends[0]].tolist() == list(section.ids)
    turns: list[tuple[str, str | None]] = [(turn.question, turn.answer) for turn in TALKS[1]]
    words = tokenizer.encode(conversation_text(tokenizer, PROMPT, section.last_cues, turns))
    assert made.ids[made.ends[1] : made.ends[2]].tolist() == words


def test_only_answers_are_learned(maker: SequenceMaker) -> None:
    made = maker(film(), look_frames=0)
    learned = text_of(maker, made.ids[made.labels != IGNORED])
    assert learned == "Mara does.<|im_end|>The green one.<|im_end|>That isn't said.<|im_end|>"


def test_talks_do_not_see_each_other(maker: SequenceMaker) -> None:
    made = maker(film(), look_frames=0)
    first, second = slice(made.ends[0], made.ends[1]), slice(made.ends[1], made.ends[2])
    assert not made.seen[second, first].any() and made.seen[second, : made.ends[0]].all()
    assert made.places[first][0] == made.places[second][0] == made.ends[0]
    assert not made.seen.triu(1).any()


def test_second_looks_say_in_words_what_is_shown(maker: SequenceMaker) -> None:
    shown = sights(15, random.Random(1), known=1.0)
    pictures = NamedPictures(probabilities(shown, 15, random.Random(1)))
    at = Turn("What is at 0:02?", "A thing.", (), "seen", tuple(range(shown[0].start, shown[0].end)))
    made = maker(Film(list(CUES), 0, 15, [[at]], pictures), look_frames=24)
    talk = text_of(maker, made.ids[made.ends[0] :])
    told, _ = pictures.shown(maker.words, [2])[0]
    assert talk.startswith("\nPictures:\n0:00 ") and f"\nLook:\n0:02 {told}\n0:01 MARA: Did you lock" in talk
    assert (made.ids[made.ends[0] :] == FRAME).sum() == 0 and len(made.tokens) == 30
    assert made.places.tolist() == list(range(len(made.ids)))
    pointed = text_of(maker, made.ids[[i for i in made.pointers[0][1] if i >= made.ends[0]]])
    assert f"\n0:02 {told}" in pointed


def test_answers_point_to_their_lines(maker: SequenceMaker) -> None:
    made = maker(film(), look_frames=0)
    (at, found), *_ = made.pointers
    assert text_of(maker, made.ids[found]) == "\n0:01 MARA: Did you lock the door?"
    assert made.labels[at] == IGNORED and made.labels[at + 1] != IGNORED


def test_a_quote_is_learned_at_its_beginning_and_points_from_the_question(maker: SequenceMaker) -> None:
    turn = Turn("which door", '"The green one."', (0, 1), "what", quoted=1)
    made = maker(Film(list(CUES), 0, 15, [[turn]]), look_frames=0)
    learned = (made.labels != IGNORED).nonzero().flatten().tolist()
    assert text_of(maker, made.ids[learned]) == '"The'
    assert {at for at, _ in made.pointers} == {learned[0] - 1} and len(made.pointers) == len(learned)
    assert text_of(maker, made.ids[made.pointers[0][1]]).startswith("\n0:03 - Which one?")


def test_joined_films_keep_their_lines(maker: SequenceMaker) -> None:
    both = joined(film(), film(), 5)
    assert both.seconds == 35 and both.talks[2][0].lines == (3,)
    assert both.cues[3].start == CUES[0].start + 20
    made: TalkSequence = maker(both, look_frames=0)
    _, found = made.pointers[-1]
    assert "\n0:23 - Which" in text_of(maker, made.ids[found])


def test_what_follows_up_stays_behind_what_it_follows() -> None:
    turns = [Turn(str(number), "") for number in range(6)]
    for seed in range(20):
        talks = talks_of(turns, [None, 0, None, 1, None, 4], random.Random(seed))
        for talk in talks:
            asked = [turn.question for turn in talk]
            for later, earlier in (("1", "0"), ("3", "1"), ("5", "4")):
                assert (later in asked) == (earlier in asked)
                assert later not in asked or asked.index(later) > asked.index(earlier)


def test_the_tokenizer_of_these_tests_is_byte_by_byte(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path / "tokenizer.json")
    assert len(BpeTokenizer(tmp_path / "tokenizer.json")) == 258
