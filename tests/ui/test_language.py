"""Chinese for who asks for it: how a header is read, that no text is forgotten, and that English stays as it is."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from llamavid_demo import errors
from llamavid_demo.errors import DemoError
from llamavid_demo.ui.html_language import HtmlLanguage
from llamavid_demo.ui.language import catalogue, joined, language, say, speaking, steps_in, translated, waits_in, wanted
from llamavid_demo.ui.words import length, size, some
from tests.ui.scripted import run

PACKAGE = Path(__file__).parents[2] / "llamavid_demo"
PLACE = re.compile(r"\{\w*\}")
ERRORS = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, DemoError)]
TELLING = [*ERRORS, "alert", "notice"]
# What the owner alone meets: on the command line, in movies/ and before the page is served; and programs, in English.
NOT_FOR_VISITORS = {
    "film/adding.py", "film/movie.py", "film/pictures.py", "ui/catalogue.py", "ui/serve.py",
    "ui/api_checks.py", "ui/mcp_tools.py", "ui/openai_api.py", "ui/openai_request.py", "ui/programs.py",
    "ui/contact_sheet.py",
}  # fmt: skip


@pytest.mark.parametrize(
    "header",
    ["zh", "zh-CN", "ZH-hant-TW,en", "zh-CN,zh;q=0.9,en;q=0.8", "en;q=0.8, zh;q=0.9", "zh;q=0.5,en;q=0.5", "*;q=0,zh"],
)
def test_chinese_is_for_whose_first_language_it_is(header: str) -> None:
    assert wanted(header) == "zh-CN"


@pytest.mark.parametrize(
    "header",
    ["", "en-GB,en;q=0.9,zh;q=0.8", "de,zh;q=0.9", "*", "zh;q=0", "zha", "zh;q=2", "zh;q=nan", "zh,,en", "zh\0", "中文",
     "zh-" + "a" * 9, "zh" + ",zh" * 200, "en,zh;q=1.001"],
)  # fmt: skip
def test_everybody_else_and_whoever_sends_nonsense_reads_english(header: str) -> None:
    assert wanted(header) == "en"


def test_figures_in_both_languages() -> None:
    def figures() -> list[str]:
        lengths = [length(seconds) for seconds in (0.2, 45, 300, 3600, 4800)]
        return [*lengths, some(1, "frame"), some(1800, "frame"), size(12), size(1.2e9)]

    assert figures() == ["1 s", "45 s", "5 min", "1 h", "1 h 20 min", "1 frame", "1,800 frames", "12 bytes", "1.2 GB"]
    with speaking("zh-CN"):
        assert figures() == [
            "1 秒", "45 秒", "5 分钟", "1 小时", "1 小时 20 分钟", "1 帧", "1,800 帧", "12 字节", "1.2 GB",
        ]  # fmt: skip


def test_sentence_that_came_from_elsewhere_keeps_what_it_names() -> None:
    refused = "a {b}.mp4 is a text file, not a video. Give MP4, MOV, MKV, WebM, AVI, MPEG, FLV, OGG, WMV or GIF."
    ahead = "not read ahead: That film is no longer here: pick another one, or bring it again."
    unknown = "ffmpeg says: 42"
    assert [translated(sentence) for sentence in (refused, ahead, unknown)] == [refused, ahead, unknown]
    with speaking("zh-CN"):
        assert translated(refused).startswith("a {b}.mp4 是文本文件，不是视频。")
        assert translated(ahead) == "未能预读：这部影片已不在这里：请另选一部，或重新上传。"
        assert translated(unknown) == unknown
        assert joined("一。", "", "二。") == "一。二。"
        damaged = "a.mp4 cannot be read: {}. It may be damaged or cut off; copy or download it again."
        assert "a.mp4：找不到 moov 索引。" in translated(damaged.format("moov atom not found"))
        assert "a.mp4：原文：“Odd and bad”。" in translated(damaged.format("Odd and bad"))
        joint = translated("b.srt: 2 cues, each of which began together with another and was joined to it")
        assert joint == "b.srt: 2 句字幕均与另一句同时开始，已合并"
        assert "只有 声音和字幕。" in translated(
            "a.mp4 has no film in it, but only audio and subtitle. Give a video file."
        )
    assert joined("One.", "", "Two.") == "One. Two."


def test_every_step_is_taken_in_its_own_language_wherever_it_is_taken() -> None:
    def steps() -> Iterator[str]:
        yield say("Ask")
        yield language()

    async def waits() -> AsyncIterator[str]:
        for step in steps():
            yield step

    async def waited() -> list[str]:
        return [step async for step in waits_in("zh-CN", waits())]

    chinese, english = steps_in("zh-CN", steps()), steps_in("en", steps())
    taken = [next(chinese), language(), next(english), next(chinese), language(), next(english)]
    assert taken == ["提问", "en", "Ask", "zh-CN", "en", "en"]
    assert run(waited()) == ["提问", "zh-CN"]


def test_first_bytes_of_the_page_name_its_language() -> None:
    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse('<html lang="en"><head><title>1</title></head></html>')

    async def other(request: Request) -> PlainTextResponse:
        return PlainTextResponse('lang="en"<head>')

    app = Starlette(routes=[Route("/", page), Route("/other", other)], middleware=[Middleware(HtmlLanguage)])
    visitor = TestClient(app, headers={"accept-language": "zh"})
    chinese = visitor.get("/")
    assert chinese.text.startswith('<html lang="zh-CN"><head><script>')
    assert chinese.text.endswith("<title>1</title></head></html>")
    assert chinese.headers["content-length"] == str(len(chinese.content))
    assert visitor.get("/other").text == 'lang="en"<head>'
    assert TestClient(app).get("/").text == '<html lang="en"><head><title>1</title></head></html>'


def calls(tree: ast.AST, name: str) -> Iterator[list[ast.expr]]:
    """The arguments of all calls of a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node.args


def test_catalogue_has_the_texts_of_the_page_and_no_others() -> None:
    trees = [ast.parse(path.read_text()) for path in (PACKAGE / "ui").glob("*.py") if path.name != "words.py"]
    said = {ast.literal_eval(given[0]) for tree in trees for given in calls(tree, "say")}
    said |= {ast.literal_eval(given[0]) for given in calls(ast.parse((PACKAGE / "ui/words.py").read_text()), "say")
             if isinstance(given[0], ast.Constant)}  # fmt: skip
    said |= {f"{{count}} {ast.literal_eval(given[1])}" for tree in trees for given in calls(tree, "some")}
    labels = {ast.literal_eval(given[0]) for tree in trees for given in calls(tree, "labels")}
    assert said == set(catalogue()["page"])
    assert labels == set(catalogue()["labels"])


def test_sentences_stand_somewhere_in_the_code() -> None:
    for sentence in catalogue()["sentences"]:
        assert PLACE.sub("{}", sentence) in written(), sentence


def test_no_error_or_notice_that_a_visitor_can_meet_is_left_in_english() -> None:
    known = {PLACE.sub("{}", sentence) for sentence in catalogue()["sentences"]}
    left = []
    for path in sorted(path for room in ("film", "chat", "ui") for path in (PACKAGE / room).glob("*.py")):
        if path.relative_to(PACKAGE).as_posix() not in NOT_FOR_VISITORS:
            tree = ast.parse(path.read_text())
            texts = [given for name in TELLING for given in calls(tree, name)]
            left += [(path.name, *written) for given in texts if (written := untold(given, known))]
    assert left == []


def untold(given: list[ast.expr], known: set[str]) -> list[str]:
    """Those of a call's texts of which no reading is `known`; a name stands for the text that it has anywhere."""
    found = []
    for part in given:
        texts = {str(all_constants()[part.id])} if isinstance(part, ast.Name) and part.id in all_constants() else set()
        texts |= set(readings(part, all_constants()))
        if texts and not texts & (known | {""}):
            found.append(min(texts))
    return found


def shapes(tree: ast.Module) -> Iterator[str]:
    """All texts, formatted ones with `{}` for what is put into them, be it a text of this file or not."""
    named = constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            yield from readings(node, named)


def constants(tree: ast.Module) -> dict[str, str]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    return {ast.unparse(node.targets[0]): str(ast.literal_eval(node.value)) for node in assigned}


def readings(node: ast.expr, named: dict[str, str]) -> Iterator[str]:
    """A text as it can be read: with texts of the code that are put into it, and with `{}` for them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for known in ({}, named):
            yield "".join(shape(part, known) for part in node.values)


def shape(part: ast.expr, known: dict[str, str]) -> str:
    """A part of a formatted text."""
    if isinstance(part, ast.FormattedValue):
        return known.get(ast.unparse(part.value), "{}")
    return str(ast.literal_eval(part))


@cache
def package_trees() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")]


@cache
def all_constants() -> dict[str, str]:
    return {name: text for tree in package_trees() for name, text in constants(tree).items()}


@cache
def written() -> set[str]:
    return {text for tree in package_trees() for text in shapes(tree)}


def test_translations_have_the_places_of_their_originals() -> None:
    for texts in catalogue().values():
        for english, chinese in texts.items():
            assert sorted(PLACE.findall(english)) == sorted(PLACE.findall(chinese)), english
            assert chinese
