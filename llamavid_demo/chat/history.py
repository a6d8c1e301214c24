"""How much of a conversation a model reads where not all of it fits: the latest turns."""

from collections.abc import Callable, Sequence

from llamavid_demo.model.prompt import Exchange


def first_turn_read(turns: Sequence[Exchange], tokens: Callable[[Sequence[Exchange]], int], room: int) -> int:
    """Number of the turn to begin with, for a model that has `room` tokens for `turns`; `tokens` counts those of some.

    Where a question no longer fits behind all others, the oldest turns go until half of what it leaves is free: the
    others stay in the KV cache for several questions to come. It goes through the conversation as it was asked, so a
    page that is opened anew reads the same. The last turn always stays.
    """
    if tokens(turns) <= room:
        return 0
    begin = 0
    for last, (question, _) in enumerate(turns):
        asked = question, None
        if tokens([*turns[begin:last], asked]) > room:
            alone = tokens([asked])
            while begin < last and tokens([*turns[begin:last], asked]) - alone > (room - alone) // 2:
                begin += 1
    return begin
