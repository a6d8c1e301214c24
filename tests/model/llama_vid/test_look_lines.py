"""Second looks in words: what frame tokens are made of is read off them, and written where a question needs it."""

from collections.abc import Sequence

import pytest
import torch

from llamavid_demo.model.llama_vid.config import LookWords
from llamavid_demo.model.llama_vid.line_finder import LineFinder
from llamavid_demo.model.llama_vid.look_lines import LINE, NOTHING, ROOM, ROOM_SAID, LookLines, LookReader, Shown
from llamavid_demo.model.prompt import Word
from llamavid_demo.model.real_world.named_tokens import embed_words, stems

WORDS = LookWords(
    (("beach", "forest"), ("noon", "night")), ("cat", "dog"), (("red", "blue"), ("runs", "sleeps")), "{}?"
)


class Letters:
    """A tokenizer of letters."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(map(chr, ids))


def text_of(look: Sequence[Word]) -> str:
    return "".join(chr(word.id) for word in look)


@pytest.fixture(scope="module")
def table() -> torch.Tensor:
    return torch.randn(128, 64, generator=torch.Generator().manual_seed(0))


def made_of(table: torch.Tensor, *frames: dict[str, float]) -> torch.Tensor:
    """Tokens of so much of each word."""
    rows = embed_words(Letters(), table, WORDS.all)
    return torch.stack([sum(share * rows[WORDS.all.index(word)] for word, share in one.items()) for one in frames])


def test_words_are_read_off_the_tokens_that_are_made_of_them(table: torch.Tensor) -> None:
    contents = made_of(
        table, {"beach": 0.5, "night": 0.5, "cat": 0.4, "dog": 0.4}, {"forest": 0.5, "noon": 0.5, "cat": 0.05}
    )
    contexts = {
        "cat?": made_of(table, {"cat": 0.6, "red": 0.6, "sleeps": 0.6}),
        "dog?": made_of(table, {"dog": 0.6, "blue": 0.6, "runs": 0.6}),
    }
    asked: list[tuple[str, list[int]]] = []

    def context(question: str, frames: list[int]) -> torch.Tensor:
        asked.append((question, frames))
        return contexts[question].expand(len(frames), -1)

    read = LookReader(WORDS, Letters(), table)(contents, context)
    assert [text for text, _ in read] == ["beach, night: red cat sleeps, blue dog runs", "forest, noon"]
    assert "cat" in read[0][1] and asked == [("cat?", [0]), ("dog?", [0])]


SHOWN = ["a cat", "a cat", "", "a dog", "a dog", "a dog"]


def lines(most: int = 8, shown: Sequence[str] = SHOWN, said: str = "\nHi.") -> LookLines:
    looked_at: list[int] = []

    def look(frames: Sequence[int]) -> list[Shown]:
        assert not set(frames) & set(looked_at), "a frame is looked at once"
        looked_at.extend(frames)
        return [(shown[frame], stems(shown[frame])) if shown[frame] else NOTHING for frame in frames]

    kinds = sorted(set(shown))
    contents = torch.stack([torch.eye(16)[kinds.index(one)] if one else torch.zeros(16) for one in shown])
    spoken = [Letters().encode(said) if second == 1 else [] for second in range(len(shown) - 1)]
    times = [10.0 + second for second in range(len(shown))]
    find = LineFinder(Letters(), torch.zeros(128, 16))
    return LookLines(Letters(), times, contents, look, lambda question: torch.zeros(1, 16), spoken, find, most)


def test_who_is_named_is_looked_at_where_that_one_speaks() -> None:
    spoken = lines(shown=["a cat", "a cat", "", "a dog", "a dog", ""], said="\n0:11 Ada: Wait!")
    _, who, she, other = before(spoken, "Hi!", "Who is Ada?", "Is she a bird?", "Who gave Ada the map of Rome?")
    assert who == "\nLook:\n0:11 a cat\nSaid:\n0:11 Ada: Wait!"
    assert she.startswith("\nLook:\n0:11 a cat\n")
    assert other == "\nSaid:\n0:11 Ada: Wait!", "what she looks like is not asked for"


def test_a_line_is_found_by_what_is_seen_while_it_is_said() -> None:
    _, dog, cat = before(lines(said="\n0:11 Ada: Wait!"), "Hi!", "What is the dog's name?", "And the name of the cat?")
    assert dog == "\nLook:\n0:13 a dog"
    assert cat == "\nLook:\n0:10 a cat\nSaid:\n0:11 Ada: Wait!"


def before(looks: LookLines, *questions: str) -> list[str]:
    return [text_of(look) for look in looks.before([(question, None) for question in questions])]


def test_each_shot_is_told_before_the_first_question_and_what_a_question_names_before_it() -> None:
    first, second = before(lines(said=""), "Who?", "Is there a dog?")
    assert first == "\nPictures:\n0:10 a cat\n0:13 a dog"
    assert second == "\nLook:\n0:13 a dog"


def test_a_time_finds_its_frame_and_what_is_said_around_it() -> None:
    _, at, unknown = before(lines(), "Who?", "What is there at 0:14?", "And at 0:12?")
    assert at == "\nLook:\n0:14 a dog"  # what is said three seconds before is too far
    assert unknown == "\nLook:\n0:12 nothing that is known\nHi."


def test_where_nothing_is_known_only_words_are_looked_at() -> None:
    assert before(lines(shown=[""] * 6), "What is at 0:12?", "Is there a dog?") == ["\nHi.", ""]


def test_a_question_gets_the_spoken_lines_that_it_asks_for() -> None:
    _, dog, about = before(lines(said="\n0:11 A dog!\n0:20"), "Who?", "Is there a dog?", "What is this film about?")
    assert dog == "\nLook:\n0:13 a dog\nSaid:\n0:11 A dog!"
    assert about == "\nSaid:\n0:11 A dog!"


def test_a_long_film_is_told_in_parts_and_looked_for() -> None:
    shown = [letter * 3 for letter in "abcdefgh"]
    first, asked = before(lines(most=4, shown=shown, said=""), "Who?", "Is there a hhh?")
    assert first.count("\n") == 5 and first.startswith("\nPictures:\n0:10 aaa\n0:12 ccc")
    assert asked in ("", "\nLook:\n0:17 hhh")


def test_looks_have_no_more_tokens_than_are_reckoned_with() -> None:
    shown = ["cat " * 40 if second % 2 else "dog " * 40 for second in range(20)]
    looks = lines(shown=shown, said="\n" + "x" * 400).before([("A cat and a dog?", None)] * 3)
    assert len(looks[1]) == len(looks[2]) <= ROOM + ROOM_SAID
    assert (
        ROOM
        < len(lines(shown=shown, said="\ncat" * 99).before([("A cat and a dog?", None)] * 3)[2])
        <= ROOM + ROOM_SAID
    )
    assert sum(map(len, looks)) <= LookLines.tokens(8, 3) and max(map(len, looks)) > 4 * LINE
    assert len(before(lines(said="\n" + "x" * 400), "At 0:11?")[0]) <= LookLines.tokens(8, 1)


def test_every_token_of_a_line_belongs_to_its_frame() -> None:
    first, *_ = lines().before([("Who?", None)])
    frames = {word.look.frame for word in first if word.look}
    assert frames == {0, 1, 3} and not any(word.fresh for word in first)
