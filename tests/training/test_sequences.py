import pytest

from llamavid_demo.film import cues_by_frame, load_movie
from llamavid_demo.model.llama_vid.prompt import section_prompt
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME, one_line
from llamavid_demo.questions import FAMILIES, Question, questions
from llamavid_demo.storybook.frame_cues import frame_times
from llamavid_demo.storybook.world import Line, Script, Shot
from llamavid_demo.training.conversation import Manner, converse
from llamavid_demo.training.sequences import IGNORED, FilmSequence, make_sequence, pad, prompt_ids
from llamavid_demo.training.tokenizer import PROMPT
from tests.questions.conftest import FILM, asked
from tests.storybook.conftest import MOVIES, bundled_script, films

MANNER = Manner(turns=4, families=dict.fromkeys((family for family in FAMILIES if family != "follow_up"), 1.0))
FRAMES = {0: range(4), 1: range(4, 7), 2: range(7, 11), 3: range(11, 14), 4: range(14, 17)}  # of FILM's shots


def answered(family: str, answer: str, script: Script = FILM) -> Question:
    return next(question for question in asked(family, script) if question.answer == answer)


def marks_of(sequence: FilmSequence, *shots: int) -> list[int]:
    """Positions of both tokens of every frame of FILM's shots."""
    marks = [i for i, token in enumerate(sequence.ids) if token == FRAME]
    return [marks[2 * frame + kind] for shot in shots for frame in FRAMES[shot] for kind in (0, 1)]


def pointers_of(sequence: FilmSequence, tokenizer: LlamaTokenizer) -> list[tuple[str, list[int]]]:
    """Each word of the answers that is pointed from, with where to: without what is looked for at the start."""
    found = []
    for position, _, targets in sequence.pointers:
        if sequence.labels[position] != IGNORED or len(targets) == 1:
            found.append((tokenizer.decode([sequence.ids[position + 1]]), targets))
    return found


def starts_of(sequence: FilmSequence) -> list[tuple[int, list[int]]]:
    """Head and targets of the last pointer at each `ASSISTANT:`: what the whole answer is found at."""
    last = {at: (head, to) for at, head, to in sequence.pointers if sequence.labels[at] == IGNORED}
    return [last[at] for at in sorted(last)]


def test_training_reads_what_inference_sends(tokenizer: LlamaTokenizer) -> None:
    for script, rng in films(40):
        talk = converse(script, MANNER, rng)
        sequence = make_sequence(tokenizer, PROMPT, script, talk.questions, subtitles=talk.subtitles)
        turns: list[tuple[str, str | None]] = []
        for number, question in enumerate(talk.questions):
            prompt = prompt_ids(tokenizer, PROMPT, script, [*turns, (question.text, None)], subtitles=talk.subtitles)
            assert sequence.ids[: len(prompt)] == prompt
            assert sequence.owners[len(prompt)] == number
            assert sequence.labels[len(prompt)] != IGNORED
            turns.append((question.text, question.answer))
        assert sequence.ids.count(FRAME) == 2 * len(sequence.shots) == 2 * len(frame_times(script))


@pytest.mark.parametrize("slug", ["the-lost-map", "the-bell-in-the-fog"])
def test_a_bundled_film_is_read_as_the_chat_reads_its_files(tokenizer: LlamaTokenizer, slug: str) -> None:
    script, movie = bundled_script(slug), load_movie(MOVIES / slug)
    times = tuple(frame_times(script))
    cues = tuple(tuple(row) for row in cues_by_frame(movie.cues(movie.sections[0]), times))
    section = section_prompt(tokenizer, PROMPT, [one_line(row) for row in cues], 2)
    read = prompt_ids(tokenizer, PROMPT, script, [("Who speaks first?", None)])
    assert tuple(read[: len(section.ids)]) == section.ids
    assert tokenizer.decode([i for i in read[len(section.ids) :] if i != FRAME]).startswith(section.last_cues)


def test_labels_are_the_answers_of_the_learned_turns_only(tokenizer: LlamaTokenizer) -> None:
    for script, rng in films(30):
        asked = questions(script, rng)[:6]
        learn = [rng.random() < 0.6 for _ in asked]
        sequence = make_sequence(tokenizer, PROMPT, script, asked, learn=learn)
        for number, question in enumerate(asked):
            mine = [
                label
                for label, owner in zip(sequence.labels, sequence.owners, strict=True)
                if label != IGNORED and owner == number
            ]
            if learn[number]:
                assert mine[-1] == tokenizer.eos
                assert tokenizer.decode(mine) == question.answer
            else:
                assert mine == []
        told = zip(sequence.labels, sequence.ids, strict=True)
        assert all(label in (IGNORED, token) for label, token in told)


def test_what_is_not_learned_is_not_pointed_at(tokenizer: LlamaTokenizer) -> None:
    said = answered("says", "About the map Hugo says: The map is mine.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [said, said], learn=[False, False])
    assert sequence.pointers == []
    assert sequence.notes["next"] == []


def test_what_is_seen_is_found_at_the_frames_of_its_shots(tokenizer: LlamaTokenizer) -> None:
    question = answered("place", "The film ends on the mountain.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question])
    there = marks_of(sequence, 4)
    assert pointers_of(sequence, tokenizer) == [(word, there) for word in ("on", "the", "mountain", ".")]
    question = answered("colour", "The cat is red.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question])
    there = marks_of(sequence, 0, 1, 3)
    assert pointers_of(sequence, tokenizer) == [("red", there), (".", there)]


def test_each_part_of_an_answer_is_found_at_its_own_frames(tokenizer: LlamaTokenizer) -> None:
    (question, *_) = asked("summary", FILM)
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question])
    to = dict(pointers_of(sequence, tokenizer))
    assert to["beach"] == to["morning"] == marks_of(sequence, 0, 1)
    assert to["cave"] == marks_of(sequence, 2)
    assert to["mountain"] == to["evening"] == marks_of(sequence, 4)
    assert not {"film", "begins", "goes", "ends"} & set(to)


def test_quoted_words_are_found_at_exactly_that_word(tokenizer: LlamaTokenizer) -> None:
    question = answered("said", "In the cave Hugo says: The map is mine. Mia says: Please give me the key.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question])
    single = {at: to[0] for at, _, to in sequence.pointers if len(to) == 1}
    written = [tokenizer.decode([sequence.ids[at + 1]]) for at in sorted(single)]
    assert written == ["map", "is", "mine", ".", "give", "me", "the", "key", "."]
    for at, to in single.items():
        assert sequence.ids[to] == sequence.ids[at + 1]
        assert sequence.ids[to - 1] == sequence.ids[at]  # behind the same word
    first, second = sorted(single)[0], sorted(single)[4]
    assert tokenizer.decode(sequence.ids[single[first] - 3 : single[first] + 4]) == "Hugo: The map is mine."
    assert tokenizer.decode(sequence.ids[single[second] - 3 : single[second] + 5]) == "Mia: Please give me the key."


def test_a_line_that_is_said_twice_is_found_where_it_was_asked_for(tokenizer: LlamaTokenizer) -> None:
    line = Line(0.5, 1.5, "Mia", "I am tired.")
    film = Script("x", tuple(Shot(place, "noon", "clear", (), 3.0, (line,)) for place in ("lake", "cave")))
    for place, frames in (("At the lake", 2), ("In the cave", 5)):  # before the cue
        sequence = make_sequence(tokenizer, PROMPT, film, [answered("said", f"{place} Mia says: I am tired.", film)])
        target = next(to[0] for *_, to in sequence.pointers if len(to) == 1)
        assert sequence.ids[:target].count(FRAME) == 2 * frames


def test_a_name_is_found_at_the_line_that_it_stands_before(tokenizer: LlamaTokenizer) -> None:
    question = answered("about", "The one who speaks of the key is Mia.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question])
    to = dict(pointers_of(sequence, tokenizer))["Mia"]
    assert tokenizer.decode([sequence.ids[i] for i in to]) == "Mia: Please give me the key."


def test_before_the_first_word_all_of_the_answer_is_looked_for(tokenizer: LlamaTokenizer) -> None:
    turns = [
        answered("place", "The film ends on the mountain."),
        answered("where", "The owl is at the beach."),
        answered("about", "The one who speaks of the key is Mia."),
        answered("existence", "No, there is no dog."),
        answered("absent", "Nobody speaks of the bell."),
    ]
    sequence = make_sequence(tokenizer, PROMPT, FILM, turns)
    starts = starts_of(sequence)
    assert [head for head, _ in starts] == [0, 1, 2, 1, 2]
    assert starts[0][1] == marks_of(sequence, 4)
    assert starts[1][1] == marks_of(sequence, 0)
    assert [to for _, to in starts[3:]] == [[0], [0]]  # sought in vain
    refused = make_sequence(tokenizer, PROMPT, FILM, asked("outside", FILM)[:1])
    assert refused.pointers == []


def test_nothing_is_looked_for_that_is_not_read_yet(tokenizer: LlamaTokenizer) -> None:
    for script, rng in films(30):
        talk = converse(script, MANNER, rng)
        sequence = make_sequence(tokenizer, PROMPT, script, talk.questions, subtitles=talk.subtitles, learn=talk.learn)
        section = sequence.ids.index(tokenizer.encode("ASSISTANT:")[-1])
        for at, head, targets in sequence.pointers:
            assert head in (0, 1, 2)
            assert targets
            assert max(targets) < section <= at


def test_without_subtitles_no_words_are_read_or_pointed_at(tokenizer: LlamaTokenizer) -> None:
    question = answered("place", "The film ends on the mountain.")
    sequence = make_sequence(tokenizer, PROMPT, FILM, [question], subtitles=False)
    assert "map" not in tokenizer.decode([i for i in sequence.ids if i != FRAME])
    assert all(sequence.ids[i] == FRAME for *_, to in sequence.pointers for i in to)
    assert sequence.notes["speaker"] == []


def test_a_batch_keeps_every_film_in_its_row(tokenizer: LlamaTokenizer) -> None:
    made = []
    for script, rng in films(6):
        talk = converse(script, MANNER, rng)
        made.append((talk, make_sequence(tokenizer, PROMPT, script, talk.questions, subtitles=talk.subtitles)))
    batch = pad([sequence for _, sequence in made])
    told = [question.answer for talk, _ in made for question in talk.questions]
    for number, answer in enumerate(told):
        mine = (batch.labels != IGNORED) & (batch.owners == number)
        assert tokenizer.decode(batch.labels[mine].tolist()) == answer
    pointers = [(row, *pointer) for row, (_, sequence) in enumerate(made) for pointer in sequence.pointers]
    for number, (row, at, head, to) in enumerate(pointers):
        assert (int(batch.rows[number]), int(batch.positions[number]), int(batch.heads[number])) == (row, at, head)
        assert batch.targets[number].nonzero().flatten().tolist() == sorted(set(to))
    for row, (_, sequence) in enumerate(made):
        assert batch.ids[row, : len(sequence.ids)].tolist() == sequence.ids
        assert (batch.labels[row, len(sequence.ids) :] == IGNORED).all()
        for kind, written in sequence.notes.items():
            noted = batch.notes[kind][row]
            assert {int(at): int(noted[at]) for at in (noted != IGNORED).nonzero()} == dict(written)
