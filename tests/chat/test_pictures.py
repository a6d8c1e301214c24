"""Pictures and text without a film: the originals' prompts and, for LLaVA-Mini, their very answers."""

import copy
import json
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.encoded_section import EncodedSection
from llamavid_demo.chat.pictures import picture_chat
from llamavid_demo.chat.text_only import ask_text, text_report
from llamavid_demo.errors import ModelError, PictureError, TooLongError
from llamavid_demo.film import Movie, resize_frame
from llamavid_demo.film.pictures import are_pictures, read_picture
from llamavid_demo.model.llama_vid.short import NO_PICTURE, as_short, is_short
from llamavid_demo.model.llava_mini.high_resolution import in_high_resolution
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from tests.chat.test_llava_mini import GOLDEN as MINI
from tests.chat.test_llava_mini import mini as mini  # a fixture
from tests.conftest import GOLDEN

LENGTH = Settings(max_new_tokens=16)  # of the golden answers


def recorded(case: str) -> dict[str, np.ndarray]:
    return dict(np.load(MINI / "cases" / f"{case}.npz"))


def question_of(case: dict[str, np.ndarray]) -> str:
    asked: str = json.loads(str(case["messages_json"]))[0]
    return asked.removeprefix("<image>\n")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(("case", "parts"), [("a_image", 1), ("d_image_hires", 2)])
def test_llava_minis_answer_about_a_picture_is_the_originals(
    mini: LoadedLlavaMini, tmp_path: Path, case: str, parts: int
) -> None:
    golden = recorded(case)
    Image.fromarray(golden["images_uint8"][0]).save(tmp_path / "photo.png")
    model = in_high_resolution(mini) if parts > 1 else mini
    turn = picture_chat(model, [tmp_path / "photo.png"], LENGTH).ask(question_of(golden)).finish()
    assert turn.text == str(golden["greedy_text"])
    assert turn.stats and turn.stats.frames == 1 and mini.config.resolution_ratio == 1


def test_llava_minis_answer_to_text_alone_is_the_originals(mini: LoadedLlavaMini) -> None:
    golden = recorded("f_text_only")
    assert mini.text_ids([(question_of(golden), None)]) == golden["input_ids"][0].tolist()
    turn = ask_text(mini, question_of(golden), Options(), LENGTH).finish()
    assert turn.text == str(golden["greedy_text"])
    assert text_report(mini, turn)["stats"]["frames"] == 0


def test_llama_vids_prompt_of_a_picture_or_a_short_clip_is_the_originals(micro: LoadedModel) -> None:
    golden = np.load(GOLDEN / "a_short_video.npz")["input_ids"].tolist()
    short = as_short(micro)
    words = short.words("", [("What color is the car?", None)], answers="raw")
    ids = [*short.section_prompt([""] * 3).ids, *(word.id for word in words)]
    assert [token for token, run in groupby(ids) for _ in ((1,) if token == FRAME else run)] == golden
    text = as_short(micro, NO_PICTURE).text_ids([("What color is the car?", None)])
    assert FRAME not in text and text[-5:] == golden[-5:]
    assert as_short(short, NO_PICTURE) is short and micro.config.prompt.closing != "\n"


def test_llama_vids_answer_about_a_short_clip_is_the_originals(micro: LoadedModel, film: Movie) -> None:
    golden, model = np.load(GOLDEN / "a_short_video.npz"), as_short(micro)
    frames = np.stack([resize_frame(frame, model.frame_format) for frame in golden["frames_uint8"]])
    patches, about = model.patches(frames), json.loads((GOLDEN / "a_short_video.json").read_text())
    tokens = model.frame_tokens(patches, "What color is the car?")  # type: ignore[attr-defined]
    assert tokens.flatten(0, 1).numpy() == pytest.approx(golden["frame_tokens"], abs=2e-3)  # patches are float16
    encoded = EncodedSection("", tuple(map(float, range(len(frames)))), (patches,), ((),) * len(frames), {"a": "short"})
    chat = MovieChat(model, replace(film, subtitles=None), encoded=encoded, settings=LENGTH)
    assert chat.ask("What color is the car?").finish().text == about["generated_text"]


def test_text_alone_is_answered_greedily_token_by_token(micro: LoadedModel) -> None:
    model = as_short(micro, NO_PICTURE)
    turn = ask_text(model, "Who?", Options(max_new_tokens=6), LENGTH).finish()
    ids = model.text_ids([("Who?", None)])
    for _ in range(turn.stats.new_tokens if turn.stats else 0):
        with torch.no_grad():
            ids.append(int(copy.copy(model.llama)(torch.tensor([ids])).logits[0, -1].argmax()))
    assert turn.text == model.tokenizer.decode(ids[len(model.text_ids([("Who?", None)])) :]).strip()
    stopped = ask_text(model, "Who?", Options(max_new_tokens=6), LENGTH)
    stopped.stop()
    assert stopped.finish().finished == "stopped"
    with pytest.raises(TooLongError):
        ask_text(model, "Who?", Options(max_new_tokens=100_000), LENGTH).finish()


def test_several_pictures_are_frames_in_their_order(micro: LoadedModel, picture: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "other.jpg")
    chat = picture_chat(as_short(micro), [picture, tmp_path / "other.jpg"], LENGTH)
    turn = chat.ask("What is there?", max_new_tokens=3).finish()
    assert turn.stats and turn.stats.frames == 2 and chat.movie.title == "photo and 1 more"
    alone = torch.cat(
        [as_short(micro).picture_patches(read_picture(path)) for path in (picture, tmp_path / "other.jpg")]
    )
    assert torch.equal(torch.cat(chat._encoded.parts), alone)
    with pytest.raises(ModelError, match="in parts"):
        in_high_resolution(micro)


def test_a_picture_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    turned, exif = Image.new("RGB", (40, 20)), Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert read_picture(tmp_path / "turned.jpg").shape == (40, 20, 3)


def test_what_is_no_picture_is_refused(tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text.jpg").write_text("a text")
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:2000])
    for path in (tmp_path / "text.jpg", cut):
        with pytest.raises(PictureError, match=f"{path.name} is no picture"):
            read_picture(path)
    monkeypatch.setattr("llamavid_demo.film.pictures.MOST_PIXELS", 100)
    with pytest.raises(PictureError, match="160×90 pixels"):
        read_picture(picture)


def test_films_and_pictures_are_told_apart(film: Movie) -> None:
    assert are_pictures([Path("a.JPG"), Path("b.webp")]) and are_pictures([]) and not are_pictures([Path("a.gif")])
    with pytest.raises(PictureError, match=r"b\.mp4"):
        are_pictures([Path("a.jpg"), Path("b.mp4")])
    assert not is_short(film)  # it has subtitles
