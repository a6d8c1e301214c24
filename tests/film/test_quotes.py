import pytest

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.quotes import exchange_of, heard_at, key_lines, quote, sentence_of


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("COLE: Just water,\nma'am.", '"Just water, ma\'am." – Cole'),
        ("[Cole] Just water.", '"Just water." – Cole'),
        ("SOO-JIN: Just water.", '"Just water." – Soo-Jin'),
        ("[Soo-Jin Park] Just water.", '"Just water." – Soo-Jin Park'),
        ("A light -he says: no.", '"A light -he says: no."'),
        ('She said "no".', "\"She said 'no'.\""),
        ("- Where?\n- At home.", '"Where? - At home."'),
        ("- Where?", '"Where?"'),
        ("[door creaks] Hello?", '"Hello?"'),
        ("...and then (nearly) he fell.", '"and then (nearly) he fell."'),
        ("[door creaks]", '"door creaks"'),
    ],
)
def test_a_quote_says_who_speaks_where_the_cue_does(text: str, quoted: str) -> None:
    assert quote(Cue(1, 2, text)) == quoted


def test_answers_made_of_quotes_say_when() -> None:
    rain, why = Cue(61.4, 63, "ADA: It rains."), Cue(75, 76, "Why?")
    assert heard_at(rain) == 'Heard at 1:01: "It rains." – Ada'
    assert key_lines([[rain], [why]]) == 'Key lines:\n1:01 "It rains." – Ada\n1:15 "Why?"'


SAID = [
    Cue(0, 2, "Ben: I left the keys"),
    Cue(2.2, 4, "under the stone"),
    Cue(4.1, 6, "by the gate."),
    Cue(6.2, 8, "Ada: Which gate..."),
    Cue(8.1, 9, "...do you mean?"),
    Cue(9.2, 10, "You never told me"),
    Cue(14, 15, "about a gate."),
    Cue(15.1, 16, "Wait..."),
    Cue(16.1, 17, "No."),
]


@pytest.mark.parametrize(
    ("number", "quoted"),
    [
        (0, '"I left the keys under the stone by the gate." – Ben'),
        (1, '"I left the keys under the stone by the gate." – Ben'),
        (2, '"I left the keys under the stone by the gate." – Ben'),
        (3, '"Which gate... ...do you mean?" – Ada'),
        (4, '"Which gate... ...do you mean?" – Ada'),
        (5, '"You never told me"'),
        (6, '"about a gate."'),
        (7, '"Wait..."'),
        (8, '"No."'),
    ],
)
def test_a_sentence_that_goes_over_several_cues_is_quoted_whole(number: int, quoted: str) -> None:
    assert quote(*sentence_of(SAID, number)) == quoted


def test_of_cues_that_never_end_a_sentence_some_are_quoted() -> None:
    cues = [Cue(at, at + 1, f"word {at}") for at in range(20)]
    assert len(sentence_of(cues, 10)) == 4 and cues[10] in sentence_of(cues, 10)


def test_a_question_is_quoted_with_its_reply() -> None:
    asked = [
        Cue(0, 2, "Max: Where were you?"),
        Cue(2.5, 4, "Nora: In bed."),
        Cue(4, 5, "Max: Asleep?"),
        Cue(12, 13, "Hm."),
    ]
    assert [quote(*said) for said in exchange_of(asked, 0)] == ['"Where were you?" – Max', '"In bed." – Nora']
    assert [quote(*said) for said in exchange_of(asked, 1)] == ['"In bed." – Nora']
    assert [quote(*said) for said in exchange_of(asked, 2)] == ['"Asleep?" – Max']
    assert [quote(*said) for said in exchange_of(asked[:1], 0)] == ['"Where were you?" – Max']
