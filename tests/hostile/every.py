"""All hostile files, and the few of them that stand for the rest."""

from tests.hostile import cues, damaged, headers, lures, names, shapes, stills
from tests.hostile.case import Case, chance

ROOMS = (damaged, headers, shapes, lures, cues, names, stills)
EACH = 2  # of a kind stand for it


def every() -> dict[str, list[Case]]:
    """The cases by their kind."""
    kinds: dict[str, list[Case]] = {}
    for case in (case for room in ROOMS for case in room.cases()):
        kinds.setdefault(case.kind, []).append(case)
    return kinds


def few() -> list[Case]:
    """`EACH` of every kind, always the same."""
    return [case for kind, cases in every().items() for case in chance(kind).sample(cases, EACH)]
