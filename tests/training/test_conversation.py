from collections.abc import Iterator

import pytest

from llamavid_demo.questions import FAMILIES, Question
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.storybook.world import Actor, Script, Shot
from llamavid_demo.training.conversation import GUIDED, HEARD, Conversation, Manner, converse
from llamavid_demo.training.ideal import asked_thing
from tests.storybook.conftest import BRIEF, USUAL, chance, films

MANNER = Manner(turns=6, families=dict.fromkeys((family for family in FAMILIES if family != "follow_up"), 1.0))


def conversations(count: int, manner: Manner = MANNER, *kinds: FilmKind) -> Iterator[Conversation]:
    for script, rng in films(count, *kinds):
        yield converse(script, manner, rng)


def learned(talk: Conversation) -> Iterator[tuple[int, Question]]:
    for turn, (question, learn) in enumerate(zip(talk.questions, talk.learn, strict=True)):
        if learn:
            yield turn, question


def test_what_needs_the_guide_is_only_learned_when_the_guide_names_its_thing() -> None:
    families = set()
    for talk in conversations(400):
        for _, question in learned(talk):
            if question.family in GUIDED:
                families.add(question.family)
                assert asked_thing(question.text) == asked_thing(talk.guide)
    assert families == set(GUIDED)


def test_follow_ups_about_a_thing_are_learned_when_the_guide_names_it_or_when_they_are_the_guide() -> None:
    curious = Manner(turns=6, families=MANNER.families, later_guide=0.0, follow_ups=0.6)
    told = {True: 0, False: 0}
    for talk in conversations(400, curious, BRIEF):
        for _, question in learned(talk):
            if question.earlier and asked_thing(question.earlier.text):
                own = question.text == talk.guide
                assert own or asked_thing(question.earlier.text) == asked_thing(talk.guide)
                told[own] += 1
    assert told[False] > told[True] > 0


def test_a_conversation_ends_after_its_turns_or_with_a_follow_up_as_its_guide() -> None:
    for talk in conversations(300):
        assert len(talk.questions) == MANNER.turns or talk.questions[-1].text == talk.guide
        assert talk.guide in [question.text for question in talk.questions]


def test_the_last_turn_is_always_learned() -> None:
    assert all(talk.learn[-1] for talk in conversations(300))


def test_most_but_not_all_conversations_are_guided_by_their_first_question() -> None:
    first = [talk.guide == talk.questions[0].text for talk in conversations(300)]
    assert 0.6 < sum(first) / len(first) < 0.9
    always = Manner(turns=4, families=MANNER.families, later_guide=0.0, follow_ups=0.0)
    assert all(talk.guide == talk.questions[0].text for talk in conversations(50, always))


def test_follow_ups_stand_right_behind_what_they_follow() -> None:
    found = 0
    for talk in conversations(300):
        for before, question in zip([None, *talk.questions], talk.questions, strict=False):
            assert question.earlier in (None, before)
            found += question.earlier is not None
    assert found > 50


def test_without_subtitles_nothing_is_asked_about_words() -> None:
    unheard = Manner(turns=6, families=MANNER.families, subtitles=0.0)
    for talk in conversations(100, unheard):
        assert not talk.subtitles
        assert not [question for question in talk.questions if question.family in HEARD]


@pytest.mark.parametrize(("kind", "most"), [(FilmKind(lines=(0, 0)), 0.0), (USUAL, 1.0)])
def test_a_silent_film_has_no_subtitles(kind: FilmKind, most: float) -> None:
    share = [talk.subtitles for talk in conversations(100, MANNER, kind)]
    assert most - 0.2 <= sum(share) / len(share) <= most


def test_one_turn_is_a_conversation_too() -> None:
    for talk in conversations(50, Manner(turns=1, families=MANNER.families), BRIEF):
        assert [question.text for question in talk.questions] == [talk.guide]
        assert talk.learn == [True]


def test_a_film_without_anything_plain_to_ask_still_has_a_conversation() -> None:
    """Where every thing changes colour and action, nothing of what needs the guide can be asked."""
    shots = tuple(
        Shot("lake", "noon", "clear", (Actor("cat", colour, action),), 2.0)
        for colour, action in (("red", "jumping"), ("blue", "flying"))
    )
    only_guided = Manner(4, {"colour": 1.0, "action": 1.0}, later_guide=1.0)
    talk = converse(Script("x", shots), only_guided, chance(3))
    assert {question.family for question in talk.questions} <= {"place", "follow_up"}
