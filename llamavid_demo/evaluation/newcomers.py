"""How often a model is right about the bundled films when asked what newcomers type: `questions/newcomers.jsonl`.

They were written before any answer was seen. Each is asked through the conversation engine, behind the questions that
it follows up with their good answers.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from llamavid_demo import questions
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.questions.written import WrittenQuestion, asked_before
from llamavid_demo.settings import Settings

QUESTIONS = Path(questions.__file__).with_name("newcomers.jsonl")


@dataclass(frozen=True)
class NewcomersQuestion(WrittenQuestion):
    """A question about a `film` of `movies/`."""

    film: str = ""


def newcomers_questions() -> list[NewcomersQuestion]:
    """All of them, in the order of their file."""
    rows = map(json.loads, QUESTIONS.read_text("utf-8").splitlines())
    return [
        NewcomersQuestion(r["q"], r["a"], "newcomer", (), r["accept"], r["reject"], r["after"], film=r["film"])
        for r in rows
    ]


def answer_newcomers(model: LoadedModel, settings: Settings) -> list[tuple[NewcomersQuestion, str]]:
    """Each question with what the model says."""
    asked, said = newcomers_questions(), list[tuple[NewcomersQuestion, str]]()
    movies = {
        film: load_movie(settings.movies / film, section_minutes=settings.section_minutes)
        for film in dict.fromkeys(question.film for question in asked)
    }
    for question in asked:
        earlier = asked_before(asked, question)
        chat = MovieChat(model, movies[question.film], 0, settings=settings, history=earlier)
        said.append((question, chat.ask(question.text).finish().text))
    return said
