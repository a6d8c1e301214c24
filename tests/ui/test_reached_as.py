"""The page on this machine answers to this machine's names only: a foreign page may lead a browser here by its own."""

import httpx
import pytest

from llamavid_demo.settings import Settings
from tests.ui.conftest import Server


@pytest.mark.parametrize("path", ["/", "/config", "/v1/models", "/mcp", "/gradio_api/info"])
def test_a_foreign_name_for_this_machine_is_refused(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}{path}", headers={"host": "evil.example"}).status_code == 400
    assert httpx.get(f"{server.url}{path}", headers={"host": "localhost:80"}).status_code != 400


def test_a_proxy_has_its_names_and_a_public_address_any() -> None:
    assert "films.example" in Settings(hosts="films.example, www.films.example").reached_as
    assert Settings(host="0.0.0.0").reached_as == ["*"]  # noqa: S104
    assert Settings(share=True).reached_as == ["*"]
