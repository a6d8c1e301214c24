"""The whole page for somebody whose browser asks for Chinese first."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit
from tests.ui.states import Play, states
from tests.ui.test_accessibility import serious

# What visitors, films and models say in their own language.
OTHERS = (
    ".title, .synopsis, .question, .answer, .evidence button, .edit textarea, "
    "#suggestions, #transcript ol, #elsewhere li, #about, #picker"
)
NAMES = re.compile(
    r"\b(PgUp|PgDn|Home|End|"
    r"LLaMA-VID|LLaVA-Mini|Markdown|JSON|SRT|API|Top-p|Esc|MP4|MKV|WebM|MOV|AVI|MPEG|FLV|OGG|WMV|GIF|MB|kB|CC BY|"
    r"The Harbour|a quiet road|pip install -r requirements-speech.txt|LLAMAVID_SPEECH_MODEL|"
    r"my clip|clip|broken|srt|mp4|maap|map|tiny|checkpoint\d*)\b"
)
SHOWN = """others => {
  const shown = [];
  const tree = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (tree.nextNode()) {
    const { parentElement, textContent } = tree.currentNode;
    if (parentElement.closest(`script, style, ${others}`)) continue;
    if (parentElement.checkVisibility({ opacityProperty: true, visibilityProperty: true })) shown.push(textContent);
  }
  for (const name of ['aria-label', 'aria-valuetext', 'alt', 'label', 'placeholder', 'title'])
    for (const one of document.body.querySelectorAll(`[${name}]`))
      if (!one.closest(others)) shown.push(one.getAttribute(name));
  return shown;
}"""


def english(page: Page) -> list[str]:
    """What is on the page that has a word of Latin letters in it, apart from names."""
    shown = page.evaluate(SHOWN, OTHERS)
    return [text for text in shown if re.search("[A-Za-z]{2,}", NAMES.sub("", text))]


# What some of the states say, by where it stands.
SAID = {
    "arrival": ("#cost", "30 帧 · "),
    "answer": ("#current .status", re.compile("^已停止 · .* 个词元.* · 本片占用内存：")),
    "branches": ("#current .pages", "2 / 2"),
    "undone": ("#current .does", "显示这里的另一轮问答"),
    "alert": ("#alert [role=alert]", "还没有问题：请输入一个，或点选推荐问题。"),
    "refused": ("#bring-alert [role=alert]", "broken.mp4 是文本文件，不是视频。"),
    "sending": ("#bring-travel [role=status]", "文件仍在上传："),
    "found": ("#elsewhere h2", "其他影片中："),
    "nearest": ("#elsewhere h2", "没有人说过"),
}


def test_no_state_of_a_chinese_page_has_english_in_it(stage: tuple[Server, Play], browser: Browser) -> None:
    server, play = stage
    left, faults = {}, {}
    with visit(server, browser, locale="zh-SG") as page:  # a kind of Chinese that Gradio does not know
        for name in states(page, play):
            if name in SAID:
                where, words = SAID[name]
                expect(page.locator(where).first).to_contain_text(words)
            if name == "streaming":
                left["queue"] = waiting(server, browser, play)
            left[name] = english(page)
            if name in ("arrival", "answer", "settings", "bring"):
                faults[name] = serious(page)
        expect(page).to_have_title("The Harbour · 和电影聊天")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert {name: words for name, words in left.items() if words} == {}
    assert {name: told for name, told in faults.items() if told} == {}


def waiting(server: Server, browser: Browser, play: Play) -> list[str]:
    """English on the page of somebody who waits for another visitor's answer."""
    with visit(server, browser, locale="zh-CN") as page:
        page.locator("#question textarea").fill(play.questions[0])
        page.locator("#ask").click()
        expect(page.locator("#activity")).to_contain_text("正在等待模型：排在第 1 位，共 1 人排队")
        return english(page)


def test_who_reads_something_else_first_gets_english(server: Server, browser: Browser) -> None:
    with visit(server, browser, locale="de-DE") as page:
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
