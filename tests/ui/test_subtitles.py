"""The subtitle panel: whatever is changed, model, player, transcript and search have the same cues; nothing stays."""

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.film import load_movie
from llamavid_demo.film.srt import to_srt
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.kept import KeptTurn
from llamavid_demo.ui.read_ahead import ReadAhead
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.search import Searching
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.subtitled import FILES
from llamavid_demo.ui.subtitles import EDITED, Subtitling
from llamavid_demo.ui.uploads import Uploads
from llamavid_demo.ui.visit import Asked, Conversation
from tests.film.conftest import run_ffmpeg
from tests.ui.scripted import ScriptedChat
from tests.ui.test_bringing import Watching

KEY, SLUG = "somebody", "harbour"
FRENCH = "1\n00:00:02,000 --> 00:00:04,000\nMara: Où est la carte ?\n"
OWN = "1\n00:00:03,000 --> 00:00:05,000\nMara: It rains.\n"


class Panel:
    """The harbour film, which has two tracks, and the panel with it."""

    def __init__(self, films: Path, folder: Path) -> None:
        settings, stills, self.folder = Settings(cache_dir=folder / "cache"), Stills(), folder
        quiet, harbour = load_movie(films / "a_quiet_road.mp4"), load_movie(films / SLUG, language="en")
        self.uploads = Uploads(folder / "uploads", grace=0)
        self.sessions = Sessions([harbour, quiet], uploads=self.uploads)
        models: Any = {"": Watching()}
        talking = Talking(settings, self.sessions, models, stills)
        self.screening = Screening(settings, self.sessions, models, stills, talking)
        self.handlers = Subtitling(settings, self.sessions, self.screening)
        self.searching = Searching(self.sessions)
        self.reading = ReadAhead(settings, self.sessions, models)
        self.open(SLUG)
        self.handlers.unfold(KEY, SLUG)

    def open(self, slug: str) -> None:
        self.screening.film(KEY, self.sessions.movie(KEY, slug))

    @property
    def typed(self) -> str:
        """The text of the panel as long as nobody has touched it."""
        subtitles = self.sessions.movie(KEY, SLUG).subtitles
        return to_srt(subtitles.cues) if subtitles else ""

    def vtts(self) -> list[str]:
        """What the files hold that players are given."""
        return [path.read_text() for path in (self.folder / "uploads").rglob("*.vtt")]


@pytest.fixture(scope="module")
def tracks(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two films, the harbour with a second file of subtitles and a track inside."""
    folder = tmp_path_factory.mktemp("tracks")
    (folder / SLUG).mkdir()
    (folder / SLUG / "movie.en.srt").write_text((films / SLUG / "movie.srt").read_text())
    (folder / SLUG / "movie.fr.srt").write_text(FRENCH)
    inside = ["-i", films / SLUG / "movie.mp4", "-i", films / SLUG / "movie.srt", "-c:v", "copy", "-c:s", "mov_text"]
    run_ffmpeg(*inside, "-metadata:s:s:0", "language=eng", folder / SLUG / "movie.mp4")
    (folder / "a_quiet_road.mp4").write_bytes((films / "a_quiet_road.mp4").read_bytes())
    return folder


@pytest.fixture
def panel(tracks: Path, tmp_path: Path) -> Panel:
    return Panel(tracks, tmp_path)


def starts(html: str) -> list[str]:
    return re.findall(r'data-seek="([\d.]+)"', html)


def test_delay_moves_player_transcript_model_and_search_together(panel: Panel) -> None:
    shown = panel.handlers.step(KEY, SLUG, panel.typed, 1)
    assert "0.5 s later" in shown["subtitles_delay"]
    assert starts(shown["transcript"]) == ["1.500", "5.500", "35.500"]
    (vtt,) = panel.vtts()
    assert "00:00:01.500 --> 00:00:04.500" in vtt
    movie = panel.sessions.movie(KEY, SLUG)
    assert [cue.start for cue in movie.cues(movie.sections[0])] == [1.5, 5.5, 35.5]
    panel.open("a-quiet-road")
    found = panel.searching.search(KEY, "a-quiet-road", "the map")["elsewhere"]
    assert re.findall(r'data-hit="([\d.]+)"', found) == ["1.500"]
    assert starts(panel.screening.film("another", panel.sessions.movie("another", SLUG))["transcript"])[0] == "1.000"


def test_what_one_press_gave_the_player_is_there_after_the_next_few(panel: Panel) -> None:
    """Gradio looks for the file after the handler, when the next press may be over already."""
    folder = panel.sessions.subtitled(KEY, SLUG).folder
    assert folder
    for steps in range(3):
        given = {*folder.glob("*.vtt")}
        panel.handlers.step(KEY, SLUG, panel.typed, 1)
        assert len({*folder.glob("*.vtt")} - given) == 1 and all(path.exists() for path in given), steps
    for _ in range(2 * FILES):
        panel.handlers.step(KEY, SLUG, panel.typed, 1)
    assert len(panel.vtts()) == FILES


def test_two_presses_at_once_both_count(panel: Panel) -> None:
    typed, both = panel.typed, threading.Barrier(2)
    panel.handlers.fold(KEY)

    def press() -> None:
        both.wait()
        panel.handlers.step(KEY, SLUG, typed, 1)

    presses = [threading.Thread(target=press) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert panel.sessions.subtitled(KEY, SLUG).delay == 1.0


def test_there_and_back_is_where_it_was(panel: Panel) -> None:
    before = panel.typed
    for steps in (-1, -1, -1, 1, 1, 1):
        panel.handlers.step(KEY, SLUG, panel.typed, steps)
    assert panel.typed == before
    panel.sessions.subtitled(KEY, SLUG).delay = 600.0
    assert "±600 s" in panel.handlers.step(KEY, SLUG, panel.typed, 1)["subtitles_alert"]


def test_choice_among_files_and_tracks(panel: Panel) -> None:
    choices = panel.handlers.unfold(KEY, SLUG)["subtitles_track"]
    titles = dict(choices.choices)
    assert list(titles) == ["movie.en.srt", "inside: track 1 (mov_text, eng)", "movie.fr.srt"]
    shown = panel.handlers.choose(KEY, SLUG, panel.typed, "movie.fr.srt")
    assert 'lang="fr"' in shown["transcript"] and "Où est la carte" in shown["transcript"]
    assert (
        starts(panel.handlers.choose(KEY, SLUG, panel.typed, titles["inside: track 1 (mov_text, eng)"])["transcript"])[
            0
        ]
        == "1.000"
    )
    refused = panel.handlers.choose(KEY, SLUG, panel.typed, "../secret.srt")
    assert (
        "no track" in refused["subtitles_alert"]
        and refused["subtitles_track"] == titles["inside: track 1 (mov_text, eng)"]
    )


def test_file_is_read_in_another_encoding(panel: Panel, tracks: Path) -> None:
    words = "1\n00:00:02,000 --> 00:00:04,000\nIşık söndü, gülüyor, şimdi, ağaç\n"
    for name, encoding in (("movie.tr.srt", "cp1254"), ("movie.x.srt", "utf-8")):
        (tracks / SLUG / name).write_bytes(words.encode(encoding))
    panel = Panel(tracks, panel.folder / "again")
    shown = panel.handlers.choose(KEY, SLUG, panel.typed, "movie.tr.srt")["subtitles_encoding"]
    assert shown.visible and shown.value == "cp1254"
    wrong = panel.handlers.read_as(KEY, SLUG, panel.typed, "cp1251")
    assert "Işık" not in wrong["transcript"] and wrong["subtitles_encoding"].value == "cp1251"
    assert "Işık" in panel.handlers.read_as(KEY, SLUG, panel.typed, "cp1254")["transcript"]
    assert "no encoding" in panel.handlers.read_as(KEY, SLUG, panel.typed, "rot13")["subtitles_alert"]
    assert not panel.handlers.choose(KEY, SLUG, panel.typed, "movie.x.srt")["subtitles_encoding"].visible
    for name in ("movie.tr.srt", "movie.x.srt"):
        (tracks / SLUG / name).unlink()


def test_edited_text_is_in_use_and_what_is_wrong_stays_as_typed(panel: Panel) -> None:
    wrong = panel.handlers.apply(KEY, SLUG, OWN.replace("-->", "->"))
    assert "Line 2" in wrong["subtitles_alert"] and "subtitles_text" not in wrong
    shown = panel.handlers.apply(KEY, SLUG, OWN)
    assert "It rains." in shown["transcript"] and "1 line in use" in shown["subtitles_alert"]
    assert shown["subtitles_track"].value == EDITED and shown["subtitles_text"].value == OWN
    assert starts(panel.handlers.choose(KEY, SLUG, panel.typed, "movie.en.srt")["transcript"])[0] == "1.000"
    assert "It rains." in panel.handlers.choose(KEY, SLUG, panel.typed, EDITED)["transcript"]


def test_text_that_was_not_applied_is_never_replaced(panel: Panel) -> None:
    for shown in (
        panel.handlers.step(KEY, SLUG, OWN, 1),
        panel.handlers.choose(KEY, SLUG, OWN, "movie.fr.srt"),
        panel.handlers.begin_hearing(KEY, SLUG, OWN),
    ):
        assert "apply your changes" in shown["subtitles_alert"] and "subtitles_text" not in shown
    assert panel.handlers.put_back(KEY, SLUG)["subtitles_text"].value == panel.typed


def test_text_that_was_not_applied_comes_back_with_its_film(panel: Panel) -> None:
    panel.handlers.leave(KEY, SLUG, OWN)
    panel.open("a-quiet-road")
    panel.open(SLUG)
    assert panel.handlers.unfold(KEY, SLUG)["subtitles_text"].value == OWN
    panel.handlers.apply(KEY, SLUG, OWN)
    assert panel.sessions.subtitled(KEY, SLUG).draft is None
    panel.handlers.leave(KEY, SLUG, FRENCH)
    panel.handlers.put_back(KEY, SLUG)
    assert panel.handlers.unfold(KEY, SLUG)["subtitles_text"].value == OWN


def test_conversation_goes_on_with_a_model_that_reads_the_new_cues(panel: Panel) -> None:
    chat: Any = ScriptedChat(["At sea."])
    for _ in chat.ask("Where?").events():
        pass
    panel.sessions.remember(KEY, SLUG, 0, Conversation(chat))
    panel.handlers.step(KEY, SLUG, panel.typed, 1)
    assert panel.sessions.conversation(KEY, SLUG, 0) is None
    (turn,) = panel.sessions.turns(KEY, SLUG, 0)
    assert isinstance(turn, KeptTurn) and (turn.question, turn.text) == ("Where?", "At sea.")


def test_moved_film_is_another_one_to_read_ahead(panel: Panel) -> None:
    with panel.reading.followed("", panel.sessions.movie(KEY, SLUG), 0) as before:
        panel.handlers.step(KEY, SLUG, panel.typed, 1)
        with panel.reading.followed("", panel.sessions.movie(KEY, SLUG), 0) as after:
            assert after is not before


def test_nothing_changes_while_an_answer_about_the_film_is_written(panel: Panel) -> None:
    panel.sessions.visit(KEY).asked = Asked("Where?", SLUG, 0)
    for shown in (panel.handlers.step(KEY, SLUG, panel.typed, 1), panel.handlers.apply(KEY, SLUG, OWN)):
        assert "An answer is still being written" in shown["subtitles_alert"]
    assert starts(panel.handlers.put_back(KEY, SLUG).get("transcript", "")) == []
    assert panel.sessions.movie(KEY, SLUG) is panel.sessions.original(KEY, SLUG)


def test_what_was_typed_goes_with_its_visitor(panel: Panel) -> None:
    panel.handlers.apply(KEY, SLUG, OWN)
    panel.handlers.step(KEY, SLUG, panel.typed, 1)
    assert len(panel.vtts()) == 2
    panel.sessions.forget(KEY)
    assert panel.vtts() == [] and not list((panel.folder / "uploads").rglob("*.*"))


def spoken_clip(folder: Path) -> Path:
    path = folder / "spoken.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5:duration=8"]
    sources += ["-f", "lavfi", "-i", "flite=text='The lighthouse keeper lost his map.':voice=slt"]
    run_ffmpeg(*sources, "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture
def own(panel: Panel, tmp_path: Path) -> Panel:
    """The panel with a clip of the visitor's own, in which somebody speaks."""
    movie = load_movie(spoken_clip(tmp_path))
    panel.sessions.visit(KEY).own[movie.slug] = movie
    panel.open(movie.slug)
    return panel


def test_what_is_said_becomes_the_clips_subtitles(own: Panel) -> None:
    begun = own.handlers.begin_hearing(KEY, "spoken", "")
    assert (
        begun["subtitles_cancel"].visible
        and "Another film" in own.handlers.begin_hearing(KEY, SLUG, own.typed)["subtitles_alert"]
    )
    *steps, last = own.handlers.hear(KEY)
    assert any("Writing down what is said" in step["subtitles_activity"] for step in steps)
    assert "lost his map" in last["transcript"] and "Who speaks first?" in last["suggestions"]
    assert "1 line written down" in last["subtitles_alert"] and not last["subtitles_cancel"].visible
    assert "lost his map" in own.vtts()[0]
    own.open(SLUG)
    assert "spoken" in own.searching.search(KEY, SLUG, "lighthouse")["elsewhere"]


def test_listening_that_is_cancelled_or_whose_clip_is_removed_changes_nothing(own: Panel) -> None:
    own.handlers.begin_hearing(KEY, "spoken", "")
    own.handlers.cancel(KEY)
    (last,) = own.handlers.hear(KEY)
    assert "Cancelled" in last["subtitles_alert"] and own.sessions.movie(KEY, "spoken").subtitles is None
    own.handlers.begin_hearing(KEY, "spoken", "")
    work = own.handlers.hear(KEY)
    next(work)
    own.sessions.remove(KEY, "spoken")
    own.open(SLUG)
    last = [*work][-1]
    assert last["subtitles_activity"] == "" and not {"transcript", "subtitles_text"} & last.keys()
    with pytest.raises(MovieError):
        own.sessions.movie(KEY, "spoken")
