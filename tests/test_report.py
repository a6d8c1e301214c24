"""The documented schema of an answer is the one that is given."""

import json
import re
from pathlib import Path

from llamavid_demo.report import Report

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"


def test_documented_schema_is_that_of_reports() -> None:
    written = re.search(r"```json schema\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert written
    assert json.loads(written[1]) == Report.model_json_schema(mode="serialization")
