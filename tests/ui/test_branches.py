"""Branches of a conversation: which turns stand where, and what stays reachable."""

from llamavid_demo.ui.branches import MOST_BRANCHES, Branches


def talk(*paths: str, number: int = 0) -> Branches[str]:
    """Branches of one-letter turns."""
    return Branches(tuple(tuple(path) for path in paths), number)


def test_a_conversation_grows_and_is_cut_without_branches() -> None:
    grown = Branches[str]().following("a").following("ab")
    assert grown == talk("ab")
    assert grown.following("a") == talk("a")


def test_another_turn_in_its_place_keeps_the_old_one_reachable() -> None:
    parted = talk("abc").following("ax")
    assert parted.turns == ("a", "x")
    assert parted.at(1) == ["b", "x"]
    back = parted.turned(1, 0)
    assert back.turns == ("a", "b", "c")
    assert back.turned(1, 1) == parted


def test_the_branch_that_was_made_last_opens() -> None:
    parted = talk("ab", "ac", "x", number=2)
    assert parted.turned(0, 0).turns == ("a", "c")
    assert parted.turned(0, 1) == parted


def test_what_is_undone_leaves_the_others_where_they_stood() -> None:
    undone = talk("ab", "ac", number=1).following("a")
    assert undone.at(1) == ["b"]
    assert undone.turned(1, 0) == talk("ab")


def test_a_conversation_that_begins_anew_leaves_the_one_before_reachable() -> None:
    empty = talk("ab", "ac", number=1).begun_anew()
    assert empty.turns == () and empty.at(0) == ["a"]
    assert empty.begun_anew() == empty
    grown = empty.following("x")
    assert grown == talk("ab", "ac", "x", number=2)
    assert grown.turned(0, 0).turns == ("a", "c")


def test_places_and_numbers_that_are_none_change_nothing() -> None:
    parted = talk("ab", "ac")
    for place, number in ((-1, 0), (3, 0), (1, 2), (1, -1), (0, 10**9)):
        assert parted.turned(place, number) == parted


def test_turns_are_told_apart_by_identity() -> None:
    one, other = ["same"], ["same"]
    assert len(Branches.of([one]).following([other]).at(0)) == 2


def test_the_oldest_branch_makes_room() -> None:
    many = talk("a")
    for number in range(MOST_BRANCHES + 5):
        many = many.following(f"{number:02}")
    assert len(many.paths) == MOST_BRANCHES
    assert many.turns == ("5", "4")
