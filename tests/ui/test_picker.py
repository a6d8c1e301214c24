"""Visitors who turn from one model to another, done by a browser."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from safetensors.torch import load_file, save_file

from llamavid_demo.model.stated import GENERAL_VOCABULARY
from tests.ui.conftest import LONG_ANSWER, ROOT, Server, start_small_films, visit
from tests.ui.test_mcp_tools import through_all_doors
from tests.ui.test_page import ask, open_harbour, press_ask, status, stop, wait_for_video

TINY = "second-tiny"
MINI = "third-mini"
BROKEN = "broken"
PICKER = "Model to talk with"
RELEASED = {  # what YanweiLi/llama-vid-7b-full-224-long-video states; its weights are not here
    "model_type": "llava", "compress_type": "mean", "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 65536,
}  # fmt: skip


def widen(folder: Path) -> None:
    """Give a checkpoint as many words as models have that can be asked for short answers; it never says them."""
    config, weights = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
    more = GENERAL_VOCABULARY - config["vocab_size"]
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        weights[name] = torch.nn.functional.pad(weights[name], (0, 0, 0, more))
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": GENERAL_VOCABULARY}))


@pytest.fixture(scope="module")
def choice(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page that offers four models: the settings' own, two embedded ones, and one that cannot be loaded."""
    folder = tmp_path_factory.mktemp("choice")
    shutil.copytree(ROOT / "assets" / "llama-vid-tiny", folder / "models" / TINY)
    widen(folder / "models" / TINY)
    shutil.copytree(ROOT / "assets" / "llava-mini-tiny", folder / "models" / MINI)
    (folder / "models" / BROKEN).mkdir()
    (folder / "models" / BROKEN / "config.json").write_text(json.dumps(RELEASED))
    yield from start_small_films(films, checkpoint, folder, models=folder / "models")


@pytest.fixture
def page(choice: Server, browser: Browser) -> Iterator[Page]:
    with visit(choice, browser) as page:
        yield page


def choose(page: Page, name: str) -> None:
    page.get_by_label(PICKER).click()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_label(PICKER)).to_have_value(re.compile(f"^{name} · "))


def ready(page: Page, name: str) -> None:
    expect(page.locator("#model .ready")).to_have_text(f"{name} is ready")


def test_each_choice_says_what_it_can_do_before_it_is_loaded(page: Page, choice: Server, browser: Browser) -> None:
    page.get_by_label(PICKER).click()
    expect(page.get_by_role("option")).to_contain_text(
        [
            "drawn films only, small words",
            f"{BROKEN} · LLaMA-VID 7B, two tokens a frame",
            f"{TINY} · LLaMA-VID 11M, two",
        ]
    )
    page.keyboard.press("Escape")
    expect(page.locator("#model .ready")).to_be_visible()
    with visit(choice, browser, width=390, locale="zh-CN") as chinese:
        chinese.locator("#picker input").click()
        expect(chinese.get_by_role("option")).to_contain_text(
            ["只懂绘制的影片", f"{BROKEN} · LLaMA-VID 7B，每帧两个词元", f"{TINY} · LLaMA-VID 11M，每帧两个"]
        )
        assert chinese.evaluate("document.documentElement.scrollWidth") == 390


def test_no_picker_where_one_model_is_on_offer(server: Server, browser: Browser) -> None:
    with visit(server, browser) as page:
        expect(page.get_by_label(PICKER)).to_have_count(0)


def test_another_model_answers_and_the_old_conversation_waits(page: Page, checkpoint: Path) -> None:
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    page.locator("#strip [data-section='1']").click()
    page.locator("#transcript ol button").nth(2).click()
    wait_for_video(page, "video.currentTime === 35")
    ask(page, "What colour is the boat?")
    expect(page.locator("#current [aria-busy] .answer")).to_have_text(re.compile(r"\S"))
    choose(page, TINY)
    expect(page.locator("#alert [role=status]")).to_have_text(
        f"You now talk with {TINY}; this is a new conversation. "
        f"{checkpoint.name} was stopped; switch back to read what it wrote."
    )
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value("What colour is the boat?")
    ready(page, TINY)
    expect(page.locator("#cost")).to_have_text(re.compile(r"30 frames.*tokens.*memory of this film: .*B", re.S))
    expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 35")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(status(page)).to_have_attribute("data-finished", "end")
    expect(page.locator("#current .evidence .heat").first).to_be_attached()
    choose(page, checkpoint.name)
    ready(page, checkpoint.name)
    expect(status(page)).to_have_attribute("data-finished", "stopped")
    expect(page.locator("#current .evidence img").first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn")).to_have_count(0)
    choose(page, TINY)
    expect(page.locator("#alert")).to_contain_text(f"You now talk with {TINY} again; your conversation goes on.")
    expect(status(page)).to_have_attribute("data-finished", "end")


def test_invitation_is_true_of_the_model_that_is_chosen(page: Page) -> None:
    open_harbour(page)
    invitation = page.locator(".invitation p")
    expect(invitation).to_contain_text("At your first question it watches the section for it")
    for name, words in (
        (TINY, "Ask The Harbour in your own words, "),  # its vocabulary is a large one
        (MINI, "Ask about The Harbour: this small model knows a drawn world, "),
    ):
        choose(page, name)
        ready(page, name)
        expect(invitation).to_contain_text(words)
        expect(invitation).to_contain_text(
            "watches the section as soon as it is open; after that it answers from memory"
        )


def test_keyboard_chooses_and_others_keep_their_model(page: Page, choice: Server, browser: Browser) -> None:
    own = page.get_by_label(PICKER).input_value()
    page.get_by_label(PICKER).focus()
    expect(page.get_by_role("option", name=TINY)).to_be_visible()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    ready(page, TINY)
    with visit(choice, browser) as other:
        ready(other, own.split(" · ")[0])
        expect(other.get_by_label(PICKER)).to_have_value(own)
        ready(page, TINY)


def test_model_that_cannot_be_loaded_is_named_and_can_be_left(page: Page, checkpoint: Path) -> None:
    open_harbour(page)
    choose(page, BROKEN)
    expect(page.locator("#model [role=alert]")).to_contain_text(BROKEN)
    press_ask(page, "Where does the film begin?")
    expect(page.locator("#alert [role=alert]")).to_contain_text(BROKEN)
    choose(page, checkpoint.name)
    ready(page, checkpoint.name)
    expect(page.locator("#alert [role=alert]")).to_have_count(0)
    ask(page, "Where does the film begin?")
    stop(page)


def test_phone_shows_the_picker_without_sideways_scrolling(choice: Server, browser: Browser) -> None:
    with visit(choice, browser, width=390) as page:
        page.get_by_label(PICKER).click()
        expect(page.get_by_role("option")).to_have_count(4)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_programs_choose_among_the_models(choice: Server) -> None:
    said = []
    for name in (TINY, MINI):
        reports = through_all_doors(choice, name)
        assert {report["answer"] for report in reports} == {reports[0]["answer"]}
        assert [report["model"] for report in reports[:2]] == [name, name]
        said.append(reports[0]["answer"])
    assert said[0] != said[1]


def saved(page: Page) -> dict[str, Any]:
    """The last turn of the conversation as the page saves it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    *_, turn = json.loads(Path(download.value.path()).read_text())["turns"]
    return turn  # type: ignore[no-any-return]


def number(page: Page, label: str, value: str) -> None:
    box = page.get_by_label(f"number input for {label}")
    box.fill(value)
    box.blur()
    expect(box).to_have_value(value)


def test_each_setting_is_obeyed_by_the_next_answer_and_kept(page: Page) -> None:
    choose(page, TINY)
    ready(page, TINY)
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    page.get_by_role("button", name="Settings").click()
    for name in ("subtitles only", "short", "every question"):
        page.get_by_role("radio", name=name, exact=True).check()
    for label, value in (("Temperature", "0.4"), ("Top-p", "0.9"), ("Longest answer", "3")):
        number(page, label, value)
    page.get_by_label("No spoilers").check()
    page.locator("#transcript [data-seek='5.000']").click()
    wait_for_video(page, "video.currentTime === 5 && !video.seeking")
    ask(page, "Where is the map?")
    expect(status(page)).to_contain_text("knew the film up to 0:05 · subtitles only")
    turn = saved(page)
    assert turn["options"] == {
        "temperature": 0.4, "top_p": 0.9, "max_new_tokens": 3, "until": 5, "guide": "every", "reads": "subtitles",
        "style": "short", "repetition_penalty": 1.0,
    }  # fmt: skip
    assert turn["stats"]["new_tokens"] <= 3
    assert all(moment["seconds"] < 5 for moment in turn["evidence"])
    page.reload()
    expect(status(page)).to_contain_text("subtitles only")
    page.get_by_role("button", name="Settings").click()
    for name in ("subtitles only", "short", "every question"):
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
    for label, value in (("Temperature", "0.4"), ("Top-p", "0.9"), ("Longest answer", "3")):
        expect(page.get_by_label(f"number input for {label}")).to_have_value(value)
    page.get_by_role("radio", name="as the model likes", exact=True).check()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#current .pages")).to_contain_text("2 of 2")
    longer, plain = turn["stats"]["prompt_tokens"], saved(page)["stats"]["prompt_tokens"]
    assert longer > plain  # by the words that ask for a short answer
    longest = page.get_by_label("number input for Longest answer")
    longest.fill("99999")  # more than this server lets one have
    longest.blur()
    expect(longest).to_have_value(str(LONG_ANSWER))
    page.wait_for_function(f"JSON.parse(localStorage.getItem('cinema/steered'))[6] === {LONG_ANSWER}")
    ask(page, "Is there a dog in the film?")
    expect(page.locator("#current .in-vain")).to_have_text("Looked at, without finding it")
    assert saved(page)["options"]["max_new_tokens"] == LONG_ANSWER
    page.evaluate("window.cinema.steer('frames', 'any', false, '', 9, 1, 3, 1)")  # as no control can
    press_ask(page, "And then?")
    expect(page.locator("#alert [role=alert]")).to_have_text("temperature must be a number from 0 to 2, not 9.")
    expect(page.locator(".turn")).to_have_count(2)
