"""What the lines that a model looks at say to a yes-or-no question."""

import pytest

from llamavid_demo.chat.yes_or_no import LEANS, about, leaning, stated


@pytest.mark.parametrize(
    ("question", "quotes", "says"),
    [
        ("Is Mrs. Castellan a lawyer?", "\"Good morning. I'm Mrs. Castellan. I'm your lawyer.\"", True),
        ("Is the uncle's boat red?", '"Your uncle\'s boat is red, Jonah. I rang him."', True),
        ("does mr brandt own the wall", '"He owns the wall. He\'s very cross."', True),
        ("Did Jonah drop the ladder?", '"Someone came round the corner! I dropped the ladder and ran." – Jonah', True),
        ("Is one claw smaller than the other?", "\"No. He's got a sad claw. It's smaller than the other.\"", True),
        ("Does Leila play the trumpet?", '"You like it? You play the trumpet!" – Barney', True),
        ("was he carrying a pig across the river", '"I was carrying a pig." – Gregor', True),
        ("Is it summer?", '"They are six days west in summer. It\'s not summer."', False),
        ("Do the children have money?", "\"They've got no money. It's sports day.\"", False),
        ("can teo play it in a helmet", '"I can’t play it in a helmet. I hold it against my cheek." – Teo', False),
        ("Is the train cancelled?", '"The train isn\'t cancelled, is it?"\n"It isn\'t cancelled."', False),
        ("Does the grease set at minus ten?", '"Grease sets at minus fifty."', False),
        ("Does the Grand need 200 sheets?", '"The Grand needs four hundred sheets by tonight!"', False),
        ("Does Priya like opera?", '"Who is she?"\n"She doesn\'t like opera." – Tom', False),
    ],
)
def test_what_restates_a_question_answers_it(question: str, quotes: str, says: bool) -> None:
    assert stated(question, quotes) is says
    assert (leaning(question, quotes, 0.0) > LEANS) == says


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("Is there fish in the bottle?", '"Ooh, a bottle! Is there fish in it? No. Only paper." – Seal'),  # a question
        ("Is the boat blue?", '"Your uncle\'s boat is red."'),
        ("Does Grace live on a boat?", '"I live on a boat." – Tom'),  # another's
        ("is the heating working", '"I thought that was the heating."'),
        ("Is it true that the baker burned his arm?", '"He burned his arm."'),  # who knows
        ("Does the man agree that it is the third bench?", '"This is the third bench."'),
        ("Did Niamh find it under her bed?", '"Behind the dresser. Under my bed."'),  # no sentence
        ("Is the belt real crocodile?", '"Real crocodile." – Kojo'),
        ("is the bag still in oslo", '"My bag is in Oslo."'),
        ("Isn't the train cancelled?", '"The train is cancelled."'),  # people mean either
        ("Are the train and the bus both late?", '"The train is late."'),
        ("Does Mia give Hugo the map?", '"Hugo gives Mia the map."'),  # another order
        ("Did they lose an earring?", '"Just an earring."'),
        ("Is he?", '"He is."'),
        ("did the people on the bus have a hen", '"Twenty-two. And a hen."'),
        ("Does Pelican have nine friends?", '"I am looking for a friend. That is not for me. I count nine." – Pelican'),
        ("Is Teresa ninety?", '"Your hundred friends are here, Father."'),  # of something else
        ("Is there a cat?", ""),
    ],
)
def test_what_does_not_tells_nothing(question: str, quotes: str) -> None:
    assert stated(question, quotes) is None


def test_the_more_of_its_words_the_likelier_yes() -> None:
    question = "Does Emil want to keep the bees?"
    none, some, denied = '"She is late."', '"She wants some bees, too."', '"She wants no other bees."'
    assert leaning(question, none, 0.0) < leaning(question, denied, 0.0) < leaning(question, some, 0.0)
    assert leaning(question, some, -2.0) < leaning(question, some, 2.0)


def test_what_a_line_is_about() -> None:
    line = '"Hello." – Ann\n"The mayor was furious." – Ruth'
    for question in (
        "was the mayor happy?",
        "So, was the mayor there?",
        "can't the mayor come",
        "and did the mayor go?",
    ):
        assert about(question, line)
    for question in ("Who is the mayor?", "The mayor?", "isolated mayor"):  # "No one says who." begins with "No", too
        assert not about(question, line)
    assert not about("was the mayor happy?", '"Hello, Ann." – The mayor') and not about("Is it?", '"It is."')
