"""Data of another form, and files that are not what they should be, are told in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llamavid_demo.errors import TrainingError
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.training.real.data import Record, find_media, media_file, read_records
from llamavid_demo.training.real.media import Media

FORMAT = FrameFormat(8, 8)
TURNS = [{"from": "human", "value": "<image>\nWho?"}, {"from": "gpt", "value": "A car."}]


def read(tmp_path: Path, rows: Any) -> list[Record]:
    (tmp_path / "data.json").write_text(rows if isinstance(rows, str) else json.dumps(rows))
    return read_records(tmp_path / "data.json")


def test_public_layout_is_read(tmp_path: Path) -> None:
    greeting = {"from": "gpt", "value": "I am here."}
    rows = [
        {"id": 1, "image": "a/b.jpg", "conversations": TURNS},
        {"id": "v", "video": "c.mp4", "conversations": [greeting, *TURNS], "more": 1},
        {"conversations": [{"from": "human", "value": "Hi"}, TURNS[1]]},
    ]
    pictured, film, alone = read(tmp_path, rows)
    assert (pictured.image, film.video, alone.media) == ("a/b.jpg", "c.mp4", None)
    assert pictured.turns == film.turns == (("<image>\nWho?", "A car."),)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ({"a": 1}, "no list"),
        ([], "no list"),
        ([3], "entry 1 has no conversations"),
        ([{"conversations": "Hi"}], "entry 1 has no conversations"),
        ([{"image": 3, "conversations": TURNS}], "no name of a file"),
        ([{"image": ["a.png"], "conversations": TURNS}], "no name of a file"),
        ([{"image": "a.png", "video": "a.mp4", "conversations": TURNS}], "an image and a video"),
        ([{"conversations": TURNS}], "names no image or video"),
        ([{"image": "a.png", "conversations": [{"from": "human", "value": "Hi"}, TURNS[1]]}], "has no <image>"),
        ([{"image": "a.png", "conversations": TURNS[:1]}], "without an answer"),
        ([{"image": "a.png", "conversations": [TURNS[0], TURNS[0]]}], "must take turns"),
        ([{"image": "a.png", "conversations": [TURNS[0], {"from": "gpt", "value": None}]}], "must take turns"),
        ([{"image": "a.png", "conversations": [TURNS[0], "A car."]}], "must take turns"),
    ],
)
def test_another_form_is_told(tmp_path: Path, rows: Any, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        read(tmp_path, rows)


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_records(tmp_path / "none.json")
    with pytest.raises(TrainingError, match=r"'none.png' of entry 1 is no file"):
        find_media([Record("entry 1", (), image="none.png")], tmp_path)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "link.png", "up/../../secret.png"])
def test_only_files_of_the_folder_are_opened(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "media"
    (folder / "up").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(TrainingError, match="leads outside"):
        media_file(Record("", (), image=name), folder)


@pytest.mark.parametrize("name", ["a\0.png", "a" * 5000 + ".png", "folder.png"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(TrainingError, match="is no file"):
        media_file(Record("", (), image=name), tmp_path)


def test_pickled_features_stay_closed(tmp_path: Path) -> None:
    record = Record("entry 1", (), video="tt1.pkl")
    (tmp_path / "tt1.pkl").write_bytes(b"\x80\x04")
    with pytest.raises(TrainingError, match="never opened"):
        media_file(record, tmp_path)
    (tmp_path / "tt1.mkv").write_bytes(b"1")
    assert media_file(record, tmp_path) == tmp_path / "tt1.mkv"


def test_image_that_is_none_is_told_with_its_entry(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    (tmp_path / "a.mp4").write_text("no film")
    for media in ({"image": "a.png"}, {"video": "a.mp4"}):
        shown = Media(Record("data.json, entry 7", (), **media), tmp_path, most=4)
        with pytest.raises(TrainingError, match=r"data.json, entry 7 cannot be read: a\."):
            shown.pixels(FORMAT, (0.5, 0.5, 0.5), padded=False)


def test_picture_is_padded_to_a_square_from_stage_2_on(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), "white").save(tmp_path / "a.png")
    shown = Media(Record("", (), image="a.png"), tmp_path, most=4)
    cropped, padded = (shown.pixels(FORMAT, (0.5, 0.25, 0.0), padded=p).astype(int) for p in (False, True))
    assert cropped.shape == padded.shape == (1, 8, 8, 3) and cropped.min() == 255
    assert abs(padded[0, 0, 0] - [127, 63, 0]).max() < 4 and padded[0, 4, 4].min() > 250  # bicubic rings
