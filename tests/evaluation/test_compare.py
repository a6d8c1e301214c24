"""The comparison of frame tokens, with the models that ship: what stands in it, and that it asks the same questions."""

import json
from pathlib import Path

from typer.testing import CliRunner

from llamavid_demo.__main__ import app
from llamavid_demo.evaluation.compare import MODES, compare
from llamavid_demo.settings import ROOT

TINY = ROOT / "assets" / "llama-vid-tiny"


def test_a_model_and_its_modes_are_asked_the_same(tmp_path: Path) -> None:
    full, content, context = compare([TINY], films=1, seed=21)
    assert [row.name for row in (full, content, context)] == [
        TINY.name,
        *(f"{TINY.name}, {mode}" for mode in MODES[1:]),
    ]
    assert (full.tokens, content.tokens, context.tokens) == (2, 1, 1)
    assert full.frame_bytes == 2 * content.frame_bytes
    assert full.read_s and full.first_token_s and content.read_s is None
    assert full.scores["questions"] == content.scores["questions"] > 15
    assert full.scores["families"]["colour"]["accuracy"] > context.scores["families"]["place"]["accuracy"]


def test_the_command_writes_table_and_picture(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        app, ["compare", "--films", "1", "--models", str(TINY), "--out", str(tmp_path / "new"), "--json"]
    )
    assert told.exit_code == 0, told.output
    written = json.loads((tmp_path / "new" / "comparison.json").read_text())
    assert [row["tokens"] for row in written] == [2, 1, 1]
    assert json.loads(told.stdout) == written
    assert (tmp_path / "new" / "comparison.png").stat().st_size > 5000
