"""How people ask: six or more phrasings a kind of question, with slots for what is asked for."""

PLACE_FIRST = (
    "Where does the film begin?", "Where does the film start?", "Where does the movie begin?",
    "Where does the story begin?", "Where are we at the beginning?", "In what place does the film begin?",
    "What place do we see first?",
)  # fmt: skip
PLACE_LAST = (
    "Where does the film end?", "Where does the movie end?", "Where does the story end?",
    "Where are we at the end?", "In what place does the film end?", "What place do we see last?",
    "Where does the film stop?",
)  # fmt: skip
PLACE_NTH = (
    "Where is the {nth} scene?", "Where does the {nth} scene take place?", "Where are we in the {nth} scene?",
    "What is the place of the {nth} scene?", "In what place is the {nth} scene?",
    "What place do we see in the {nth} scene?", "Where does the {nth} scene happen?",
)  # fmt: skip
TIME_NTH = (
    "What time of day is it in the {nth} scene?", "What is the time of day in the {nth} scene?",
    "When does the {nth} scene take place?", "What time is it in the {nth} scene?",
    "When does the {nth} scene happen?", "At what time of day is the {nth} scene?",
)  # fmt: skip
TIME_FIRST = (
    "What time of day is it at the beginning?", "At what time of day does the film begin?",
    "When does the film begin?", "What time is it when the film starts?", "What time of day is it at the start?",
    "At what time of day does the story begin?",
)  # fmt: skip
TIME_LAST = (
    "What time of day is it at the end?", "At what time of day does the film end?",
    "When does the film end?", "What time is it when the film ends?", "What time is it at the end?",
    "At what time of day does the story end?",
)  # fmt: skip
TIME_PLACE = (
    "What time of day is it {at} the {place}?", "What time is it {at} the {place}?",
    "When are we {at} the {place}?", "At what time of day do we see the {place}?",
    "What is the time of day {at} the {place}?", "When do we see the {place}?",
)  # fmt: skip
WEATHER_NTH = (
    "What is the weather in the {nth} scene?", "What is the weather like in the {nth} scene?",
    "How is the weather in the {nth} scene?", "What weather do we see in the {nth} scene?",
    "Which weather is there in the {nth} scene?", "What weather does the {nth} scene have?",
)  # fmt: skip
WEATHER_PLACE = (
    "What is the weather {at} the {place}?", "What is the weather like {at} the {place}?",
    "How is the weather {at} the {place}?", "What weather do we see {at} the {place}?",
    "Which weather is there {at} the {place}?", "What weather does the {place} have?",
)  # fmt: skip
COLOUR = (
    "What colour is the {thing}?", "What color is the {thing}?", "Which colour does the {thing} have?",
    "What is the colour of the {thing}?", "Tell me the colour of the {thing}.", "The {thing} is what colour?",
    "Of what colour is the {thing}?",
)  # fmt: skip
EXISTENCE = (
    "Is there {a} {thing} in the film?", "Is there {a} {thing}?", "Does {a} {thing} appear in the film?",
    "Do we see {a} {thing}?", "Is {a} {thing} in the movie?", "Can you see {a} {thing}?",
    "Does the film show {a} {thing}?",
)  # fmt: skip
WHERE = (
    "Where is the {thing}?", "Where do we see the {thing}?", "In what place is the {thing}?",
    "Where can we find the {thing}?", "In which place do we meet the {thing}?", "Where does the {thing} appear?",
    "Where is there {a} {thing}?",
)  # fmt: skip
ACTION = (
    "What does the {thing} do?", "What is the {thing} doing?", "What do we see the {thing} do?",
    "How does the {thing} spend its time?", "Tell me what the {thing} does.", "What is the {thing} up to?",
)  # fmt: skip
CONTENTS = (
    "What is {at} the {place}?", "What do we see {at} the {place}?", "What can we see {at} the {place}?",
    "What things are {at} the {place}?", "Tell me what is {at} the {place}.", "What is there {at} the {place}?",
    "What does the {place} scene show?",
)  # fmt: skip
AFTER_PLACE = (
    "What comes after the {place}?", "Where do we go after the {place}?", "Which place follows the {place}?",
    "What place comes after the {place}?", "Where are we after the {place}?", "Which scene follows the {place}?",
)  # fmt: skip
AFTER_THING = (
    "What comes after the {thing}?", "Where do we go after the {thing}?", "Which place follows the {thing}?",
    "What place comes after the {thing}?", "Where are we after the {thing}?", "Which scene follows the {thing}?",
)  # fmt: skip
COUNT = (
    "How many scenes are there?", "How many scenes does the film have?", "How many scenes do we see?",
    "How many scenes are in the film?", "What is the number of scenes?", "How many scenes can you count?",
    "Count the scenes.",
)  # fmt: skip
SUMMARY = (
    "What is the film about?", "Summarise the film.", "Summarize the film.", "Give me a short summary.",
    "What happens in the film?", "Tell me the story.", "What is the story of the film?", "Sum up the movie.",
)  # fmt: skip
ABOUT = (
    "Who says something about the {item}?", "Who speaks of the {item}?", "Who talks about the {item}?",
    "Who mentions the {item}?", "Which character speaks of the {item}?", "Who is it that talks about the {item}?",
)  # fmt: skip
SAYS = (
    "What does {name} say about the {item}?", "What does {name} tell us about the {item}?",
    "What is it that {name} says about the {item}?", "How does {name} speak of the {item}?",
    "Tell me what {name} says about the {item}.", "What are {name}'s words about the {item}?",
)  # fmt: skip
SPEAKS_FIRST = (
    "Who speaks first?", "Who is the first to speak?", "Who says the first words?", "Who talks first?",
    "Who has the first line?", "Which character speaks first?", "Who says something first?",
)  # fmt: skip
WHO = (
    "Who is {at} the {place}?", "Who do we meet {at} the {place}?", "Who speaks {at} the {place}?",
    "Which characters are {at} the {place}?", "Who talks {at} the {place}?", "Tell me who is {at} the {place}.",
)  # fmt: skip
SAID = (
    "What is said {at} the {place}?", "What do they say {at} the {place}?", "What do we hear {at} the {place}?",
    "Tell me what is said {at} the {place}.", "Which words are said {at} the {place}?",
    "What do people say {at} the {place}?",
)  # fmt: skip
OUTSIDE = (
    "What is the capital of {word}?", "Who is the president of {word}?", "How do I cook {word}?",
    "What is two and {number}?", "Who wrote this film?", "How old are you?", "Tell me a joke about {word}.",
    "Write a poem about {word}.", "What do you think of {word}?", "How much does {word} cost?",
    "What is your name?", "When was {word} born?", "Translate {word} for me.", "Can you help me with {word}?",
)  # fmt: skip

# Follow-ups: they only make sense after another question.
ITS_COLOUR = (
    "And what colour is it?", "What colour is it?", "And its colour?", "Which colour does it have?",
    "What is its colour?", "And what color is it?",
)  # fmt: skip
ITS_ACTION = (
    "And what does it do?", "What does it do?", "And what is it doing?", "What is it doing there?",
    "And what is it up to?", "Tell me what it does.",
)  # fmt: skip
ITS_PLACE = (
    "And where is it?", "Where is it?", "Where do we see it?", "And in what place is it?", "And where does it appear?",
    "Where can we find it?",
)  # fmt: skip
THEN_TIME = (
    "And what time of day is it there?", "What time of day is it there?", "And when is that?", "When is that?",
    "What time is it there?", "And at what time of day?",
)  # fmt: skip
THEN_WEATHER = (
    "And what is the weather like there?", "What is the weather there?", "And the weather?",
    "How is the weather there?", "And how is the weather?", "And what weather is it?",
)  # fmt: skip
THEN_AFTER = (
    "And what comes after that?", "What comes after that?", "And then?", "Where do we go then?",
    "And where do we go after that?", "What comes next?",
)  # fmt: skip
WHO_SAYS_THAT = (
    "Who says that?", "And who says that?", "Who said that?", "Whose words are they?", "And who is it that says so?",
    "Who is speaking?",
)  # fmt: skip
WHAT_IS_SAID = (
    "And what is said about it?", "What is said about it?", "And what are the words?", "What does that person say?",
    "And what do we hear about it?", "What are the words?",
)  # fmt: skip

_HERE = dict(globals())
_KINDS = {group: name for name, group in _HERE.items() if name.isupper()}


def kind_of(group: tuple[str, ...]) -> str:
    """The name of a group of phrasings."""
    return _KINDS[group]


def phrasings() -> list[str]:
    """Every phrasing, with its slots."""
    return [text for name, group in _HERE.items() if name.isupper() for text in group]
