"""Gradio's own scripts and styles come compressed, to be kept for good, and nothing beside them comes with them."""

from pathlib import Path

import httpx
import pytest
from gradio.routes import BUILD_PATH_LIB

from llamavid_demo.ui.built_files import BuiltFiles
from tests.ui.conftest import Server


@pytest.fixture(scope="module")
def script() -> Path:
    """The longest one."""
    return max(Path(BUILD_PATH_LIB).glob("*.js"), key=lambda file: file.stat().st_size)


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"), ("identity", None)]
)
def test_a_script_is_the_same_however_it_comes(
    server: Server, script: Path, accepted: str, encoding: str | None
) -> None:
    answer = httpx.get(f"{server.url}/assets/{script.name}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.content == script.read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (answer.num_bytes_downloaded < script.stat().st_size / 2) == bool(encoding)


def test_the_page_comes_compressed(server: Server) -> None:
    for language, words in (("en", b'lang="en"'), ("zh-CN", b'lang="zh-CN"')):
        answer = httpx.get(server.url, headers={"Accept-Encoding": "gzip", "Accept-Language": language})
        assert answer.headers["content-encoding"] == "gzip" and words in answer.content
        assert answer.num_bytes_downloaded < len(answer.content) / 2


@pytest.mark.parametrize("path", ["assets/nothing.js", "assets/..%2F..%2Fpackage.json", "static/x.js"])
def test_what_is_not_among_them_is_passed_on(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}/{path}")
    assert answer.status_code in (400, 403, 404)
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_only_scripts_and_styles_are_taken(tmp_path: Path) -> None:
    for name in ("a.js", "a.css", "a.map", ".env"):
        (tmp_path / name).touch()
    assert sorted(BuiltFiles(lambda *_: None, folder=tmp_path)._files) == ["/assets/a.css", "/assets/a.js"]  # type: ignore[arg-type, return-value]
