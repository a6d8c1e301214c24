"""The comparison of frame tokens, with a model that ships: what stands in it, and that it asks the same questions."""

import json
from pathlib import Path

from typer.testing import CliRunner

from llamavid_demo.__main__ import app
from llamavid_demo.evaluation.compare import MODES
from llamavid_demo.settings import ROOT

TINY = ROOT / "assets" / "llama-vid-tiny"


def test_a_model_and_its_modes_are_asked_the_same_and_written_as_table_and_picture(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        app, ["compare", "--films", "1", "--models", str(TINY), "--out", str(tmp_path / "new"), "--json"]
    )
    assert told.exit_code == 0, told.output
    rows = json.loads((tmp_path / "new" / "comparison.json").read_text())
    assert json.loads(told.stdout) == rows
    assert (tmp_path / "new" / "comparison.png").stat().st_size > 5000
    full, content, context = rows
    assert [row["name"] for row in rows] == [TINY.name, *(f"{TINY.name}, {mode}" for mode in MODES[1:])]
    assert [row["tokens"] for row in rows] == [2, 1, 1]
    assert full["frame_bytes"] == 2 * content["frame_bytes"]
    assert full["read_s"] and full["first_token_s"] and content["read_s"] is None
    assert full["scores"]["questions"] == content["scores"]["questions"] > 15
    assert full["scores"]["families"]["colour"]["accuracy"] > context["scores"]["families"]["place"]["accuracy"]
