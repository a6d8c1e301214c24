"""The endpoints that programs may call, through Gradio's own client."""

import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect

from llamavid_demo.ui.pasting import NO_ADDRESSES
from tests.film.film_server import Offer, serving
from tests.ui.conftest import LONG_ANSWER, Server

GOOD: dict[str, Any] = {"movie": "harbour", "section": 1, "question": "And then?", "max_new_tokens": 4}
SENT_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"movie": "nowhere"}, "There is no film 'nowhere'; there are a-quiet-road, harbour."),
    ({"movie": ["harbour"]}, "There is no film ['harbour']; there are a-quiet-road, harbour."),
    ({"movie": None}, "There is no film None; there are a-quiet-road, harbour."),
    ({"section": 2}, "The Harbour has sections 0 to 1, not 2: give the number of one, or 'all'."),
    ({"section": -1}, "The Harbour has sections 0 to 1, not -1: give the number of one, or 'all'."),
    ({"section": "1"}, "The Harbour has sections 0 to 1, not '1': give the number of one, or 'all'."),
    ({"section": True}, "The Harbour has sections 0 to 1, not True: give the number of one, or 'all'."),
    ({"movie": "a-quiet-road"}, "a quiet road has section 0 only, not 1: give the number of one, or 'all'."),
    ({"question": "x" * 40_000}, "The question has 40,000 characters; 2,000 are read at most: make it shorter."),
    ({"question": " "}, "The question is empty: type what you want to know about the film."),
    ({"question": {"text": "Where?"}}, "The question must be a text, not {'text': 'Where?'}."),
    ({"history": "Where?"}, "The history must be a list of [question, answer] pairs, not 'Where?'."),
    ({"history": [["a", "b"], ["c"]]}, "history[1] must be [question, answer], two texts, not ['c']."),
    ({"history": [["a", 3]]}, "history[0] must be [question, answer], two texts, not ['a', 3]."),
    (
        {"history": [["a", "b" * 20_001]]},
        "A text in history[0] has 20,001 characters; 20,000 are read at most: make it shorter.",
    ),
    ({"history": [["a", "b"]] * 101}, "The history has 101 turns; 100 are read at most: leave out some."),
    ({"model": 7}, "The model must be one of checkpoint0, not 7."),
    ({"model": "gpt"}, "There is no model 'gpt' here; there are checkpoint0."),
    ({"temperature": 3}, "temperature must be a number from 0 to 2, not 3."),
    ({"temperature": "hot"}, "temperature must be a number from 0 to 2, not 'hot'."),
    ({"top_p": 0}, "top_p must be a number from 0.01 to 1, not 0."),
    ({"max_new_tokens": 0}, f"max_new_tokens must be a whole number from 1 to {LONG_ANSWER}, not 0."),
    ({"until": 61}, "until must be a number from 0 to 60, not 61."),
    ({"until": "0:30"}, "until must be a number from 0 to 60, not '0:30'."),
    ({"until": 30}, "Nothing of this section comes before 0:30: let the film play first, or allow spoilers."),
    ({"max_new_tokens": 2.5}, f"max_new_tokens must be a whole number from 1 to {LONG_ANSWER}, not 2.5."),
]


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False, httpx_kwargs={"timeout": 60})


def ask(client: Client, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.predict(**{**GOOD, **given}, api_name="/ask")
    return answer


def test_endpoints_say_what_they_take(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)
    assert sorted(named["named_endpoints"]) == ["/ask", "/films"]
    assert not named["unnamed_endpoints"]
    about = named["named_endpoints"]["/ask"]
    assert about["description"].startswith("Ask about a section of a film.")
    needed = [one["parameter_name"] for one in about["parameters"] if not one["parameter_has_default"]]
    assert needed == ["movie", "section", "question"]


def test_api_page_opens_from_the_foot_of_the_page(page: Page) -> None:
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="For programs").click()
    api = opened.value.get_by_role("dialog")
    expect(api).to_contain_text("2 API endpoints")
    expect(api).to_contain_text("Ask about a section of a film.")


def test_page_that_fetches_no_films_has_no_box_for_addresses_and_refuses(page: Page, server: Server) -> None:
    page.locator("[data-bring]").click()
    expect(page.get_by_role("button", name="Open this film")).to_be_visible()
    expect(page.locator("#bring-pasted")).to_have_count(0)
    config = httpx.get(f"{server.url}/config").json()
    box = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "bring-pasted")
    press = next(event["id"] for event in config["dependencies"] if box in event["inputs"])
    with serving({"/film.mp4": (offer := Offer())}) as host:
        sent = {"data": [None, None, f"{host}/film.mp4"], "fn_index": press, "session_hash": "stranger"}
        httpx.post(f"{server.url}/gradio_api/queue/join", json=sent).raise_for_status()
        told = httpx.get(f"{server.url}/gradio_api/queue/data?session_hash=stranger", timeout=60).text
    assert NO_ADDRESSES in told
    assert offer.asked == []


def test_films_can_be_listed_and_asked_about(client: Client) -> None:
    road, harbour = client.predict(api_name="/films")
    assert road["slug"] == "a-quiet-road"
    assert harbour == {
        "slug": "harbour",
        "title": "The Harbour",
        "synopsis": "Mara looks for a map.",
        "seconds": 60,
        "sections": [
            {
                "start": 0,
                "end": 30,
                "synopsis": "The map is gone.",
                "questions": ["Where does the film begin?", "What colour is the boat?"],
            },
            {
                "start": 30,
                "end": 60,
                "synopsis": "The tide turns.",
                "questions": ["What is this part about?", "Who speaks first?", "What can be seen at 0:35?"],
            },
        ],
    }
    assert ask(client, movie=harbour["slug"], question=harbour["sections"][0]["questions"][0])["answer"]


def test_ask_answers_with_evidence_and_figures(client: Client, checkpoint: Path) -> None:
    earlier = [["Where does the film begin?", "At the harbour."]]
    answer = ask(client, history=earlier, model=checkpoint.name, temperature=0.5, top_p=0.9)
    assert answer["section"] == [30, 60]
    assert answer["stats"]["frames"] == 30
    assert all(30 <= moment["seconds"] < 60 for moment in answer["evidence"])


def test_who_streams_sees_the_answer_grow(client: Client) -> None:
    job = client.submit(**{**GOOD, "max_new_tokens": 200}, api_name="/ask")
    texts = [report["answer"] for report in job]
    assert texts[-1]
    assert len(set(texts)) > 1
    assert all(later.startswith(text) for text, later in itertools.pairwise(texts))


@pytest.mark.parametrize(("wrong", "sentence"), SENT_WRONG, ids=[str(wrong)[:40] for wrong, _ in SENT_WRONG])
def test_what_is_sent_wrong_is_refused_in_a_sentence(client: Client, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AppError) as refused:
        ask(client, **wrong)
    assert str(refused.value).startswith(sentence)
