"""The one endpoint that programs may call."""

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.ui.conftest import Server


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False, httpx_kwargs={"timeout": 60})


def test_ask_is_the_only_endpoint(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)
    assert list(named["named_endpoints"]) == ["/ask"]
    assert not named["unnamed_endpoints"]


def test_ask_answers_with_evidence_and_figures(client: Client) -> None:
    earlier = [["Where does the film begin?", "At the harbour."]]
    answer = client.predict("harbour", 1, "And then?", earlier, api_name="/ask")
    assert answer["section"] == [30, 60]
    assert answer["stats"]["frames"] == 30
    assert all(30 <= moment["seconds"] < 60 for moment in answer["evidence"])


def test_unknown_film_is_named(client: Client) -> None:
    with pytest.raises(AppError, match="harbour"):
        client.predict("nowhere", 0, "Where?", [], api_name="/ask")
