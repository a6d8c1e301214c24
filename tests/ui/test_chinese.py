"""The whole page for somebody whose browser asks for Chinese first."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server, visit

# What visitors, films and models say in their own language.
OTHERS = (
    ".title, .synopsis, .question, .answer, .evidence button, .edit textarea, "
    "#suggestions, #transcript ol, #about, #picker"
)
NAMES = re.compile(
    r"\b(PgUp|PgDn|Home|End|"
    r"LLaMA-VID|LLaVA-Mini|Markdown|JSON|SRT|API|Top-p|Esc|MP4|MKV|WebM|MOV|AVI|MPEG|FLV|OGG|WMV|GIF|MB|kB|CC BY|"
    r"The Harbour|a quiet road|pip install -r requirements-speech.txt|LLAMAVID_SPEECH_MODEL|"
    r"broken.mp4|checkpoint\d*)\b"
)
SHOWN = """others => {
  const shown = [];
  const tree = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (tree.nextNode()) {
    const { parentElement, textContent } = tree.currentNode;
    if (!parentElement.closest(`script, style, ${others}`)) shown.push(textContent);
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


def test_a_visit_in_chinese_meets_no_english(server: Server, browser: Browser, tmp_path: Path) -> None:
    with visit(server, browser, locale="zh-SG") as page:  # a kind of Chinese that Gradio does not know
        page.locator("#wall [data-film=harbour]").click()
        expect(page.locator("#strip img").first).to_be_visible()
        expect(page.locator("#cost")).to_contain_text("30 帧 · ")
        expect(page).to_have_title("The Harbour · 和电影聊天")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_label("你的问题").fill("Where does the film begin?")
        page.get_by_role("button", name="提问", exact=True).click()
        expect(page.locator("#current [aria-busy] .answer")).to_have_text(re.compile(r"\S"))
        page.get_by_role("button", name="停止").click()
        expect(page.locator("#current .status")).to_contain_text(re.compile("^已停止 · .* 个词元.* · 本片占用内存："))
        page.get_by_role("button", name="提问", exact=True).click()
        expect(page.locator("#alert [role=alert]")).to_have_text("还没有问题：请输入一个，或点选推荐问题。")
        for folded in ("#steering button", "#subtitles button", "#keys summary", "[data-bring]"):
            page.locator(folded).first.click()
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"this is no film")
        page.locator("#bring-video input").set_input_files(broken)
        expect(page.locator("#bring-video")).to_contain_text("broken")
        page.get_by_role("button", name="打开影片").click()
        expect(page.locator("#bring-alert [role=alert]")).to_contain_text("broken.mp4 是文本文件，不是视频。")
        assert english(page) == []


def test_who_reads_something_else_first_gets_english(server: Server, browser: Browser) -> None:
    with visit(server, browser, locale="de-DE") as page:
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
