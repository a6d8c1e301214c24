"""The simulated audience: the same each time, more cards never serve it worse, and stickiness is worth its name."""

import random
from itertools import islice, pairwise

from bench.audience import Card, Replica, questions, simulate

SMALL = {"visitors": 60, "films": 20, "hours": 0.5}


def test_sticky_routing_holds_more_sections_than_chance() -> None:
    sticky, chance = simulate(4, **SMALL), simulate(4, **SMALL, sticky=False)
    assert sticky == simulate(4, **SMALL)
    assert sticky["hits"] > chance["hits"] + 0.1
    assert sticky["first_word_s"] < chance["first_word_s"]
    more = simulate(8, **SMALL)
    assert more["hits"] > sticky["hits"] and more["first_word_s"] < sticky["first_word_s"]


def test_a_replica_forgets_what_was_asked_about_longest_ago() -> None:
    card = Card(held=1, beside=1)
    replica = Replica(card, 0)
    first_words = []
    for now, section in enumerate([7, 7, 8, 7, 9, 8]):
        hit, first, _ = replica.ask(1000.0 * now, section)
        first_words.append((hit, first - 1000.0 * now))
    assert [hit for hit, _ in first_words] == [False, True, False, True, False, False]
    read, held, _, restored, *_ = (wait for _, wait in first_words)
    assert abs(read - held - card.read_s) < 1e-6 and abs(restored - held - card.restore_s) < 1e-6


def test_a_replica_with_no_room_makes_a_question_wait() -> None:
    replica = Replica(Card(slots=1), 0)
    _, _, end = replica.ask(0.0, 1)
    assert replica.full(0.0) and not replica.full(end)
    replica = Replica(Card(slots=1), 0)
    replica.ask(0.0, 1)
    assert replica.ask(0.0, 1)[1] > end


def test_visitors_stay_with_a_section_for_a_while_and_choose_popular_films() -> None:
    visit = next(questions(1, 50, random.Random(1), skew=1.0, think_s=90))
    asked = list(islice(visit, 4000))
    assert 80 < sum(think for think, _ in asked) / len(asked) < 100
    stays = sum(now == then for (_, now), (_, then) in pairwise(asked)) / len(asked)
    assert 0.8 < stays < 0.92
    assert sum(section < 40 for _, section in asked) > 2 * sum(section >= 160 for _, section in asked)
