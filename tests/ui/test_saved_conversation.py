"""What the page saves: Markdown to read, and JSON from which the command line gives the same answer again."""

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from llamavid_demo.__main__ import main
from tests.ui.test_page import ask, open_harbour, status

LONGEST = 12  # tokens


def save(page: Page, kind: str) -> tuple[str, str]:
    """Name and text of the file."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_text()


def test_saved_conversation_reads_well_and_gives_its_answers_again(
    page: Page, films: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    open_harbour(page)
    page.get_by_role("button", name="Save as Markdown").click()
    expect(page.locator("#alert [role=status]")).to_contain_text("nothing to save yet")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("number input for Longest answer").fill(str(LONGEST))
    for question in ("Where does the film begin?", "Who is *Finn*?"):
        ask(page, question)
        expect(status(page)).to_have_attribute("data-finished", "length")
    name, text = save(page, "Markdown")
    assert name == "the-harbour-section-1.md"
    assert text.startswith(f"# The Harbour\n\n0:00–0:30, with {checkpoint.name}\n\n## Where does the film begin?\n\n")
    assert "\n## Who is \\*Finn\\*?\n" in text and text.count("Cut at the longest length.") == 2
    assert "\n- 0:" in text  # the moments that the answers leaned on
    _, text = save(page, "JSON")
    talk = json.loads(text)
    *earlier, last = talk["turns"]
    assert last["question"] == "Who is *Finn*?" and last["options"]["max_new_tokens"] == LONGEST
    history = tmp_path / "talk.json"
    history.write_text(json.dumps({**talk, "turns": earlier}))
    chosen = {"model": checkpoint, "cache_dir": tmp_path / "cache", **talk["settings"]}
    for setting, value in chosen.items():
        if value is not None:
            monkeypatch.setenv(f"LLAMAVID_{setting.upper()}", str(value))
    options = ["--max-new-tokens", str(LONGEST), "--history", str(history)]
    monkeypatch.setattr(sys, "argv", ["llamavid_demo", "ask", str(films / "harbour"), last["question"], *options])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    assert capsys.readouterr().out.strip() == last["answer"].strip()
    assert json.loads(history.read_text())["turns"][-1]["answer"] == last["answer"]
