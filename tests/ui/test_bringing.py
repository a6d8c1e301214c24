"""However a visitor's clip ends, nothing of it stays: the handlers with real files, without a browser or a model."""

import io
import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llamavid_demo.chat import Progress
from llamavid_demo.errors import MemoryLimitError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.upload import CANCELLED, Bringing
from llamavid_demo.ui.uploads import Uploads
from tests.ui.conftest import CUES, make_clip
from tests.ui.scripted import ScriptedChat, ScriptedModel

KEY = "somebody"


class Watching(ScriptedModel):
    """Leaves patches where a film's are kept, as the real one does."""

    ready = None
    loading = False

    def __init__(self) -> None:
        super().__init__(ScriptedChat(["At sea."]))
        self.trouble: Exception | None = None

    def chat(self, movie: Movie, *given: Any, **options: Any) -> Generator[Progress, None, ScriptedChat | None]:
        assert movie.kept_in
        movie.kept_in.mkdir(parents=True, exist_ok=True)
        (movie.kept_in / "patches").touch()
        if self.trouble:
            raise self.trouble
        return (yield from super().chat(movie, *given, **options))


class Foyer:
    """A page with the harbour film, and visitors who bring clips."""

    def __init__(self, movie: Movie, folder: Path, **chosen: Any) -> None:
        self.folder, settings, stills = folder, Settings(**chosen), Stills()
        self.uploads = Uploads(folder, grace=0, most_bytes=settings.uploads_gb * 1e9)
        self.model = Watching()
        self.sessions = Sessions([movie], uploads=self.uploads)
        models: Any = {"": self.model}
        talking = Talking(settings, self.sessions, models, stills)
        screening = Screening(settings, self.sessions, models, stills, talking)
        self.bringing = Bringing(settings, self.sessions, models, screening, stills, self.uploads)
        self._names = map(str, itertools.count())

    def choose(self, *contents: bytes, names: tuple[str, ...] = ("clip.mp4", "clip.srt"), key: str = KEY) -> list[Any]:
        """Put files into the boxes for video and subtitles; gives the boxes."""
        boxes: list[Any] = [None, None]
        for number, content in enumerate(contents):
            path = self.uploads.files / next(self._names) / names[number]
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            boxes[number] = {"path": str(path)}
        self.bringing.choose(key, *boxes)
        return boxes

    def open(self, boxes: list[Any], key: str = KEY) -> dict[str, Any]:
        """Open what is in the boxes; gives what is shown in the end."""
        begun, bringing = self.bringing.begin(key, *boxes), self.bringing
        return [begun, *bringing.fetch(key), *bringing.check(key), *bringing.watch(key)][-1]

    def paste(self, source: str, key: str = KEY) -> dict[str, Any]:
        """Open what is at an address or a path; gives what is shown in the end."""
        return self.open([None, None, source], key)

    def kept(self) -> set[str]:
        """Names of all files that are there."""
        return {path.name for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=12).read_bytes()


@pytest.fixture
def foyer(movie: Movie, tmp_path: Path) -> Foyer:
    return Foyer(movie, tmp_path)


def test_opened_clip_has_a_poster_and_questions_and_goes_with_its_visitor(foyer: Foyer, clip: bytes) -> None:
    shown = foyer.open(foyer.choose(clip, CUES.encode()))
    visit = foyer.sessions.visit(KEY)
    assert visit.posters["own-1"].startswith("data:image/jpeg")
    assert visit.posters["own-1"] in shown["wall"]
    questions = suggested(visit.own["own-1"], 0)
    assert questions == ("What is this about?", "Who speaks first?", "What can be seen at 0:05?")
    assert all(question in shown["suggestions"] for question in questions)
    assert shown["bring_video"] is shown["bring_subtitles"] is None
    assert {"clip.mp4", "patches"} < foyer.kept()
    assert "clip.srt" not in foyer.kept()
    foyer.sessions.forget(KEY)
    assert foyer.kept() == set()


def test_a_picture_is_brought_as_a_film_of_one_second(foyer: Foyer) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (641, 361), "teal").save(drawn, "png")
    shown = foyer.open(foyer.choose(drawn.getvalue(), names=("a teal wall.png",)))
    own = foyer.sessions.visit(KEY).own["own-1"]
    assert (own.title, own.duration, own.width, own.height) == ("a teal wall", 1.0, 640, 360)
    assert own.path.with_name("a teal wall.png").exists()
    assert "subtitles" not in shown  # nobody looks for what is said in a picture
    assert "What can be seen at 0:00?" in shown["suggestions"]
    foyer.sessions.forget(KEY)
    assert foyer.kept() == set()


@pytest.mark.parametrize("size, said", [(None, "is no picture that can be read"), ((900, 3), "too thin")])
def test_what_is_no_picture_is_refused_in_a_sentence(foyer: Foyer, size: tuple[int, int] | None, said: str) -> None:
    drawn = io.BytesIO(b"this is no picture")
    if size:
        Image.new("RGB", size).save(drawn, "png")
    shown = foyer.open(foyer.choose(drawn.getvalue(), names=("wall.png",)))
    assert said in shown["bring_alert"]
    assert shown["bring_video"] is None
    assert foyer.kept() == set()


def test_nobody_speaks_in_a_clip_without_subtitles(foyer: Foyer, clip: bytes) -> None:
    foyer.open(foyer.choose(clip))
    questions = suggested(foyer.sessions.visit(KEY).own["own-1"], 0)
    assert questions == ("What is this about?", "What can be seen at 0:05?")


def test_clip_that_is_cancelled_while_the_model_watches(foyer: Foyer, clip: bytes) -> None:
    foyer.bringing.begin(KEY, *foyer.choose(clip, CUES.encode()))
    list(foyer.bringing.check(KEY))
    watching = foyer.bringing.watch(KEY)
    next(watching)
    assert foyer.kept() == {"clip.mp4", "clip.srt", "patches"}
    foyer.bringing.cancel(KEY)
    shown = list(watching)[-1]
    assert CANCELLED in shown["bring_alert"]
    assert shown["bring_video"] is shown["bring_subtitles"] is None
    assert foyer.kept() == set()


def test_clip_that_is_cancelled_between_two_steps(foyer: Foyer, clip: bytes) -> None:
    foyer.bringing.begin(KEY, *foyer.choose(clip))
    list(foyer.bringing.check(KEY))
    assert CANCELLED in foyer.bringing.cancel(KEY)["bring_alert"]
    assert foyer.kept() == set()


def test_clip_whose_page_is_closed_while_the_model_watches(foyer: Foyer, clip: bytes) -> None:
    foyer.bringing.begin(KEY, *foyer.choose(clip))
    list(foyer.bringing.check(KEY))
    watching = foyer.bringing.watch(KEY)
    next(watching)
    foyer.sessions.forget(KEY)
    watching.close()
    assert foyer.kept() == set()


def test_bad_video_goes_and_its_subtitles_wait_for_another(foyer: Foyer) -> None:
    shown = foyer.open(foyer.choose(b"no film", CUES.encode()))
    assert "clip.mp4 is a text file, not a video" in shown["bring_alert"]
    assert shown["bring_video"] is None
    assert "bring_subtitles" not in shown
    assert foyer.kept() == {"clip.srt"}
    foyer.sessions.forget(KEY)
    assert foyer.kept() == set()


def test_bad_subtitles_go_and_the_video_stays_in_its_box(foyer: Foyer, clip: bytes) -> None:
    boxes = foyer.choose(clip, b"no subtitles")
    shown = foyer.open(boxes)
    assert "no subtitle file" in shown["bring_alert"]
    assert shown["bring_subtitles"] is None
    assert "bring_video" not in shown
    assert foyer.kept() == {"clip.mp4"}
    assert "own-1" in foyer.open([boxes[0], None])["wall"]


def test_clip_that_the_machine_has_no_room_for_can_be_opened_again(foyer: Foyer, clip: bytes) -> None:
    foyer.model.trouble = MemoryLimitError("No room.")
    boxes = foyer.choose(clip)
    assert "No room." in foyer.open(boxes)["bring_alert"]
    assert "clip.mp4" in foyer.kept()
    foyer.model.trouble = None
    assert "Remove clip" in foyer.open(boxes)["wall"]


def test_file_that_is_replaced_or_never_opened(foyer: Foyer, clip: bytes) -> None:
    foyer.choose(clip, names=("first.mp4",))
    foyer.choose(clip, names=("second.mp4",))
    assert foyer.kept() == {"second.mp4"}
    foyer.sessions.forget(KEY)
    assert foyer.kept() == set()


def test_file_that_is_chosen_while_another_is_read_stays(foyer: Foyer, clip: bytes) -> None:
    foyer.bringing.begin(KEY, *foyer.choose(b"no film", names=("first.mp4",)))
    foyer.choose(clip, names=("second.mp4",))
    assert foyer.kept() == {"first.mp4", "second.mp4"}
    shown = list(foyer.bringing.check(KEY))[-1]
    assert "first.mp4 is a text file" in shown["bring_alert"]
    assert "bring_video" not in shown
    assert foyer.kept() == {"second.mp4"}


def test_file_that_has_gone_is_asked_for_again(foyer: Foyer, clip: bytes) -> None:
    boxes = foyer.choose(clip)
    Path(boxes[0]["path"]).unlink()
    shown = foyer.open(boxes)
    assert "no longer on this server: choose it again" in shown["bring_alert"]
    assert shown["bring_video"] is None


def test_removed_clip_makes_room_for_the_first_film(foyer: Foyer, clip: bytes) -> None:
    foyer.open(foyer.choose(clip))
    shown = foyer.bringing.remove(KEY, "own-1")
    assert "clip was removed" in shown["alert"]
    assert shown["slug"] == "harbour"
    assert "own-1" not in shown["wall"]
    assert foyer.kept() == set()
    with pytest.raises(MovieError, match="no longer here"):
        foyer.bringing.remove(KEY, "own-1")


def test_no_more_films_of_their_own_than_one_visitor_may_have(movie: Movie, tmp_path: Path, clip: bytes) -> None:
    foyer = Foyer(movie, tmp_path, upload_films=1)
    foyer.open(foyer.choose(clip))
    boxes = foyer.choose(clip)
    assert "limited to 1: remove one" in foyer.open(boxes)["bring_alert"]
    assert "own-1" in foyer.open(foyer.choose(clip, key="another"), key="another")["wall"]
    foyer.bringing.remove(KEY, "own-1")
    assert "own-2" in foyer.open(boxes)["wall"]


def test_no_other_visitor_has_a_clip_by_its_name(foyer: Foyer, clip: bytes) -> None:
    foyer.open(foyer.choose(clip))
    sessions = foyer.sessions
    for reach in (sessions.movie, sessions.original, sessions.subtitled, sessions.remove, foyer.bringing.remove):
        with pytest.raises(MovieError, match="no longer here"):
            reach("another", "own-1")
    assert sessions.movie(KEY, "own-1").title == "clip"


def test_removing_a_clip_leaves_the_film_that_is_showing(foyer: Foyer, clip: bytes) -> None:
    foyer.open(foyer.choose(clip))
    foyer.open(foyer.choose(clip))
    shown = foyer.bringing.remove(KEY, "own-1")
    assert set(shown) == {"wall", "alert"}
    assert foyer.sessions.visit(KEY).showing == ("own-2", 0)
    assert "clip.mp4" in foyer.kept()


def test_the_same_clip_of_two_visitors_stays_for_the_second(foyer: Foyer, clip: bytes) -> None:
    boxes = foyer.choose(clip)
    foyer.open(boxes)
    foyer.open(boxes, key="another")
    foyer.bringing.remove(KEY, "own-1")
    assert {"clip.mp4", "patches"} <= foyer.kept()
    foyer.sessions.forget("another")
    assert foyer.kept() == set()
