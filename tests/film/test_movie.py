import shutil
from pathlib import Path

import pytest

from llamavid_demo.errors import MovieError, SubtitleError
from llamavid_demo.film import Cue, Section, find_movies, load_movie
from llamavid_demo.film.movie import slugify
from tests.film.conftest import HEIGHT, WIDTH, Clip, run_ffmpeg

SRT = "1\n00:00:00,500 --> 00:00:01,500\n{}\n\n2\n00:00:02,000 --> 00:00:04,500\n♪\n"
NOTES = """
title = "The Lost Map"
year = 2024
licence = "CC0"
source = "rendered by us"
synopsis = "A map is lost."
questions = ["Where is the map?", "Who has it?"]
answers = ["ignored"]
sections = [{ start = 0, synopsis = "The first.", questions = ["Who is lost?"] }]
"""


@pytest.fixture
def folder(clip: Clip, tmp_path: Path) -> Path:
    """A movie's folder with everything in it."""
    (folder := tmp_path / "the-lost-map").mkdir()
    shutil.copy(clip.path, folder / "movie.mp4")
    (folder / "movie.toml").write_text(NOTES)
    (folder / "movie.en.srt").write_text(SRT.format("Hello"))
    (folder / "movie.fr.srt").write_text(SRT.format("Bonjour"))
    (folder / "poster.png").write_bytes(b"png")
    return folder


def test_a_folder_with_all_that_belongs_to_it(folder: Path) -> None:
    movie = load_movie(folder, section_minutes=0.05)
    assert (movie.slug, movie.title, movie.year) == ("the-lost-map", "The Lost Map", 2024)
    assert (movie.licence, movie.source, movie.synopsis) == ("CC0", "rendered by us", "A map is lost.")
    assert (movie.path, movie.poster) == (folder / "movie.mp4", folder / "poster.png")
    assert (movie.width, movie.height, movie.codec) == (WIDTH, HEIGHT, "h264")
    assert movie.questions == ("Where is the map?", "Who has it?")
    assert [(part.synopsis, part.questions) for part in movie.sections] == [("The first.", ("Who is lost?",))]
    assert movie.subtitles is not None
    assert (movie.subtitles.source, movie.subtitles.language) == ("movie.en.srt", "en")


def test_cues_of_a_section(folder: Path) -> None:
    movie = load_movie(folder)
    first, second = Cue(0.5, 1.5, "Hello"), Cue(2.0, 4.5, "♪")
    assert movie.cues(movie.sections[0]) == (first, second)
    assert movie.cues(Section(0, 0, 2)) == (first,)
    assert movie.cues(Section(1, 1.5, 3)) == (second,)
    assert movie.cues(Section(1, 1, 3)) == (first, second)


def test_a_bare_file_with_subtitles_beside_it(clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.path, path := tmp_path / "My_film.(2020).mp4")
    shutil.copy(clip.path, tmp_path / "other.mp4")
    (tmp_path / "other.srt").write_text(SRT.format("not mine"))
    movie = load_movie(path)
    assert (movie.slug, movie.title, movie.subtitles) == ("my-film-2020", "My film (2020)", None)
    assert (movie.year, movie.licence, movie.poster, movie.questions) == (None, "", None, ())
    (tmp_path / "My_film.(2020).de.srt").write_text(SRT.format("Hallo"))
    (tmp_path / "My_film.(2020).srt").write_text(SRT.format("Hello"))
    assert load_movie(path).subtitles.cues[0].text == "Hello"
    assert load_movie(path, language="ger").subtitles.cues[0].text == "Hallo"


def test_the_language_is_chosen(folder: Path) -> None:
    assert load_movie(folder, language="fr").subtitles.cues[0].text == "Bonjour"
    track = load_movie(folder, language="ja").subtitles
    assert track.cues[0].text == "Hello"
    assert track.warnings == ("There are no subtitles in 'ja'; these are from movie.en.srt.",)


def test_the_file_that_was_given_comes_first(folder: Path, tmp_path: Path) -> None:
    (given := tmp_path / "mine.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nMine\n")
    assert load_movie(folder, subtitles=given).subtitles.cues == (Cue(1, 2, "Mine"),)
    given.write_text("nothing")
    with pytest.raises(SubtitleError, match=r"mine\.vtt is no subtitle file"):
        load_movie(folder, subtitles=given)


def test_a_broken_file_beside_the_video_is_passed_over_with_a_warning(folder: Path) -> None:
    (folder / "movie.en.srt").write_text("broken")
    track = load_movie(folder).subtitles
    assert track.source == "movie.fr.srt"
    assert "movie.en.srt is no subtitle file" in track.warnings[0]
    (folder / "movie.fr.srt").unlink()
    track = load_movie(folder).subtitles
    assert track.cues == ()
    assert "movie.en.srt is no subtitle file" in track.warnings[0]


def test_microdvd_beside_a_video_counts_its_frames(clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.path, path := tmp_path / "film.mp4")
    (tmp_path / "film.sub").write_text("{10}{20}Ten frames a second\n")
    assert load_movie(path).subtitles.cues == (Cue(1, 2, "Ten frames a second"),)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("title = ", "not valid TOML"),
        ("year = 'soon'", r"year = 'soon' is wrong"),
        ("questions = 'one'", r"questions = 'one' is wrong"),
        ("sections = [{synopsis = 3}]", r"sections\.0\.synopsis = 3 is wrong"),
    ],
)
def test_a_wrong_movie_toml_names_what_is_wrong(folder: Path, toml: str, message: str) -> None:
    (folder / "movie.toml").write_text(toml)
    with pytest.raises(MovieError, match=message):
        load_movie(folder)


def test_an_empty_movie_toml_says_nothing(folder: Path) -> None:
    (folder / "movie.toml").write_text("")
    assert load_movie(folder).title == "the lost map"


def test_which_video_of_a_folder(folder: Path, clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.path, folder / "trailer.mp4")
    assert load_movie(folder).path.name == "movie.mp4"
    (folder / "movie.mp4").rename(folder / "other.mp4")
    with pytest.raises(MovieError, match=r"several videos \(other\.mp4, trailer\.mp4\)"):
        load_movie(folder)
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(MovieError, match="holds no video"):
        load_movie(empty)
    with pytest.raises(MovieError, match="There is no file"):
        load_movie(tmp_path / "nothing")


def test_find_movies_lists_what_can_be_loaded(folder: Path, clip: Clip, tmp_path: Path) -> None:
    shutil.copy(clip.path, tmp_path / "Another.MKV")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.mp4").touch()
    (tmp_path / "leaves").symlink_to("/")
    assert find_movies(tmp_path) == [tmp_path / "Another.MKV", folder]
    assert all(load_movie(path) for path in find_movies(tmp_path))
    assert find_movies(tmp_path / "nowhere") == []


def test_slugs() -> None:
    assert [slugify(name) for name in ("The Lost Map", "a__b..c", "Élan 2", "???")] == [
        "the-lost-map",
        "a-b-c",
        "élan-2",
        "movie",
    ]


# Tracks inside the video

ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,hidden
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Styled{\\i0}
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}
"""


def with_tracks(clip: Clip, path: Path, *files: tuple[str, str, str], codec: str) -> Path:
    """A copy of `clip` with subtitle tracks: (suffix, text, language)."""
    inputs: list[object] = ["-i", clip.path]
    marks: list[object] = ["-map", "0:v"]
    for number, (suffix, text, language) in enumerate(files):
        (source := path.parent / f"track-{number}{suffix}").write_text(text)
        inputs += ["-i", source]
        marks += ["-map", number + 1, f"-metadata:s:s:{number}", f"language={language}"]
    run_ffmpeg(*inputs, *marks, "-c:v", "copy", "-c:s", codec, path)
    return path


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "mov_text"), (".mkv", "srt"), (".webm.mkv", "webvtt")])
def test_tracks_of_mp4_and_mkv_are_read(clip: Clip, tmp_path: Path, suffix: str, codec: str) -> None:
    tracks = [(".srt", SRT.format("Hello"), "eng"), (".srt", SRT.format("Bonjour"), "fre")]
    path = with_tracks(clip, tmp_path / f"film{suffix}", *tracks, codec=codec)
    track = load_movie(path).subtitles
    assert track.cues == (Cue(0.5, 1.5, "Hello"), Cue(2, 4.5, "♪"))
    assert (track.language, track.encoding) == ("en", None)
    assert "track 1" in track.source
    track = load_movie(path, language="fr").subtitles
    assert (track.cues[0].text, track.language) == ("Bonjour", "fr")


def test_a_styled_track_without_its_comments_and_drawings(clip: Clip, tmp_path: Path) -> None:
    path = with_tracks(clip, tmp_path / "film.mkv", (".ass", ASS, "und"), codec="ass")
    track = load_movie(path).subtitles
    assert (track.cues, track.language) == ((Cue(1, 2, "Styled"),), None)


def test_a_file_beside_the_video_comes_before_its_tracks_unless_of_another_language(clip: Clip, tmp_path: Path) -> None:
    path = with_tracks(clip, tmp_path / "film.mkv", (".srt", SRT.format("Inside"), "eng"), codec="srt")
    (tmp_path / "film.fr.srt").write_text(SRT.format("Dehors"))
    assert load_movie(path).subtitles.cues[0].text == "Dehors"
    assert load_movie(path, language="en").subtitles.cues[0].text == "Inside"


def test_a_track_of_pictures_is_reported_as_of_no_use(clip: Clip, tmp_path: Path) -> None:
    (source := tmp_path / "words.srt").write_text(SRT.format("Hello"))
    path = tmp_path / "film.mkv"
    run_ffmpeg("-i", clip.path, "-i", source, "-map", "0:v", "-map", "1", "-c:v", "copy", "-c:s", "srt", path)
    # ffmpeg makes no pictures of text, but a track is what its header says
    data = path.read_bytes().replace(b"S_TEXT/UTF8", b"S_HDMV/PGS\x00")
    path.write_bytes(data)
    track = load_movie(path).subtitles
    assert track.cues == ()
    assert "holds pictures, not text, and cannot be used" in track.warnings[0]


def test_all_tracks_that_a_film_could_have_are_named_by_file_or_title(clip: Clip, tmp_path: Path) -> None:
    plain = with_tracks(clip, tmp_path / "plain.mkv", (".srt", SRT.format("Inside"), "eng"), codec="srt")
    run_ffmpeg("-i", plain, "-c", "copy", "-metadata:s:s:0", "title=For the deaf", tmp_path / "film.mkv")
    (tmp_path / "film.fr.srt").write_text(SRT.format("Dehors"))
    movie = load_movie(tmp_path / "film.mkv", language="en")
    assert [(track.title, track.language) for track in movie.tracks] == [
        ("inside: For the deaf", "eng"), ("film.fr.srt", "fr"),
    ]  # fmt: skip
    assert [track.read().cues[0].text for track in movie.tracks] == ["Inside", "Dehors"]
    assert movie.subtitles and movie.subtitles.source == movie.tracks[0].source


def test_names_turn_no_direction(clip: Clip, tmp_path: Path) -> None:
    film = shutil.copy(clip.path, tmp_path / "\u2066trap\u202e4pm.mp4")
    shutil.copy(clip.path, tmp_path / "\u200f\u200e.mp4")
    film.with_name(f"{film.stem}.\u202ene.srt").write_text(SRT.format("Hello"))
    movie = load_movie(film)
    assert (movie.title, [track.title for track in movie.tracks]) == ("trap4pm", ["trap4pm.ne.srt"])
    assert load_movie(tmp_path / "\u200f\u200e.mp4").title == "movie"
    film.write_bytes(b"nothing")
    with pytest.raises(MovieError, match=r"^trap4pm\.mp4 is a text file"):
        load_movie(film)
