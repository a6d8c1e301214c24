"""How often a model is right about the bundled films when asked what newcomers type: `questions/newcomers.jsonl`.

They were written before any answer was seen. Each is asked through the conversation engine, behind the questions that
it follows up with their good answers.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llamavid_demo import questions
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

QUESTIONS = Path(questions.__file__).with_name("newcomers.jsonl")


@dataclass(frozen=True)
class NewcomersQuestion:
    """A question about a film of `movies/`, with a good answer and patterns that a right answer has and has not."""

    film: str
    text: str
    answer: str
    accept: str
    reject: str = ""
    after: int | None = None

    def right(self, said: str) -> bool:
        """Whether an answer says what it has to, and nothing that it must not."""
        wrong = self.reject and re.search(self.reject, said, re.IGNORECASE)
        return bool(re.search(self.accept, said, re.IGNORECASE)) and not wrong


def newcomers_questions() -> list[NewcomersQuestion]:
    """All of them, in the order of their file."""
    rows = map(json.loads, QUESTIONS.read_text("utf-8").splitlines())
    return [NewcomersQuestion(r["film"], r["q"], r["a"], r["accept"], r["reject"], r["after"]) for r in rows]


def answer_newcomers(
    model: LoadedModel, settings: Settings, *, report: Callable[[int, int], None] | None = None
) -> list[tuple[NewcomersQuestion, str]]:
    """Each question with what the model says."""
    asked, said = newcomers_questions(), list[tuple[NewcomersQuestion, str]]()
    for number, question in enumerate(asked):
        earlier, before = list[tuple[str, str]](), question.after
        while before is not None:
            earlier.insert(0, (asked[before].text, asked[before].answer))
            before = asked[before].after
        movie = load_movie(settings.movies / question.film, section_minutes=settings.section_minutes)
        chat = MovieChat(model, movie, 0, settings=settings, history=earlier)
        said.append((question, chat.ask(question.text).finish().text))
        if report:
            report(number + 1, len(asked))
    return said
