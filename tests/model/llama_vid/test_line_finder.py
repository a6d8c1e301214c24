"""Which spoken lines a question asks for."""

import pytest
import torch

from llamavid_demo.model.llama_vid.line_finder import AT_AN_END, LineFinder

LINES = (
    "Mia: I have lost the map.", "Leo: What a lovely morning.", "Mia: Is anybody here?", "Nora: Hugo took the map.",
    "Leo: I am tired.", "Mia: We went on for hours.", "Leo: Hugo, why did you do that?", "Hugo: I have no friends.",
    "Nora: The boat leaves now.", "Leo: Here is the crown.", "Mia: Good night.", "Leo: See you soon!",
)  # fmt: skip


class Words:
    """A tokenizer whose pieces are whole words."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}

    def encode(self, text: str) -> list[int]:
        return [self.ids.setdefault(word, len(self.ids)) for word in text.split()]


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def find(words: Words) -> LineFinder:
    return LineFinder(words, torch.eye(99))


def found(find: LineFinder, question: str, earlier: str = "", most: int = 6) -> list[str]:
    return [LINES[number] for number in find(LINES, question, earlier, most=most)]


def test_a_line_with_the_questions_words_comes_first_and_rare_words_count_more(find: LineFinder) -> None:
    assert found(find, "Where is the crown?", most=1) == ["Leo: Here is the crown."]
    assert found(find, "who took the map?", most=1) == ["Nora: Hugo took the map."]
    assert found(find, "Does Leo talk of a boat?", most=1) == ["Nora: The boat leaves now."]


def test_the_line_behind_is_found_with_it(find: LineFinder) -> None:
    assert "Mia: We went on for hours." in found(find, "why is he tired?", most=2)


def test_a_word_of_a_like_meaning_is_found(words: Words) -> None:
    table = torch.eye(99)
    ship, boat = words.encode("ship boat")
    table[ship] = table[boat] + 0.3 * table[ship]
    assert found(LineFinder(words, table), "Is there a ship?", most=1) == ["Nora: The boat leaves now."]


def test_a_question_that_points_back_is_looked_for_with_the_one_before(find: LineFinder) -> None:
    assert found(find, "Where is it?", "Who has the crown?", most=1) == ["Leo: Here is the crown."]
    assert found(find, "Where is the boat?", "Who has the crown?", most=1) == ["Nora: The boat leaves now."]


def test_the_ends_are_told_where_they_are_asked_for(find: LineFinder) -> None:
    last = list(LINES[-AT_AN_END:])
    assert found(find, "how does it end", most=3) == last
    assert found(find, "Who has the boat in the end?", most=4) == ["Nora: The boat leaves now.", *last]


def test_for_the_whole_lines_are_told_that_have_most_in_common_with_the_others(find: LineFinder) -> None:
    assert found(find, "What is this film about?", "Where is the boat?", most=2) == [LINES[0], LINES[-1]]
    assert "Nora: Hugo took the map." in found(find, "What is this film about?", most=4)
    assert find(["Tom: Good morning!", "Ada: Good morning!", "Tom: The map is gone."] * 4, "the plot?", most=3)[1] == 2


def test_times_are_no_words(find: LineFinder) -> None:
    assert find(["0:12 Ada: No.", "0:40 Tom: I am 12."], "Who is 12?", most=6) == [1]


def test_a_name_is_one_word_in_every_spelling(find: LineFinder) -> None:
    assert find(["Tom: Do you know Çelik?", "Ada: I only know Elik."], "Who is Çelik?", most=1) == [0]
    assert find(["Ada: I only know Elik.", "Tom: Do you know Çelik?"], "Who is Elik?", most=1) == [0]


@pytest.mark.parametrize("lines", [[], [""], ["..."]])
def test_where_nothing_is_said_nothing_is_found(find: LineFinder, lines: list[str]) -> None:
    assert find(lines, "Who has the map?", most=6) == []
