import torch

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.questions import Part, Question
from llamavid_demo.storybook.world import ITEMS, PLACES, THINGS, Actor, Line, Script, Shot
from llamavid_demo.training.notes import BEFORE, COMPANY, GUIDED, NOTES, SEVERAL, UNGUIDED, NoteHeads
from llamavid_demo.training.sequences import IGNORED, make_sequence
from llamavid_demo.training.tokenizer import PROMPT
from tests.questions.conftest import FILM, asked
from tests.storybook.conftest import films


def noted(
    tokenizer: LlamaTokenizer, kind: str, script: Script = FILM, turns: list[Question] | None = None
) -> list[tuple[str, object]]:
    """Each token that has a note of a kind, as text, with what is noted there."""
    turns = turns or asked("count", script)[:1]
    sequence = make_sequence(tokenizer, PROMPT, script, turns, guide=turns[0].text)
    tokens = [(sequence.ids[at], NOTES[kind][label]) for at, label in sequence.notes[kind]]
    return [("" if token == FRAME else tokenizer.decode([token]), note) for token, note in tokens]


def lines(tokenizer: LlamaTokenizer, kind: str, script: Script = FILM) -> list[tuple[str, object]]:
    """Each subtitle with the one note that its words have."""
    told: list[tuple[str, object]] = []
    for text, note in noted(tokenizer, kind, script):
        if told and not told[-1][0].endswith(".") and told[-1][1] == note:
            told[-1] = (told[-1][0] + " " + text, note)
        else:
            told.append((text, note))
    return [(text.replace(" :", ":").replace(" .", "."), note) for text, note in told]


def test_notes_stand_at_the_second_token_of_each_frame(tokenizer: LlamaTokenizer) -> None:
    sequence = make_sequence(tokenizer, PROMPT, FILM, asked("count", FILM)[:1])
    marks = [i for i, token in enumerate(sequence.ids) if token == FRAME]
    for kind in ("scene", "begins", "company", "previous"):
        assert [at for at, _ in sequence.notes[kind]] == marks[1::2]


def test_a_frame_notes_its_scene_and_the_place_before(tokenizer: LlamaTokenizer) -> None:
    assert [note for _, note in noted(tokenizer, "scene")] == [0] * 7 + [1] * 4 + [2] * 3 + [3] * 3
    assert [note for _, note in noted(tokenizer, "previous")] == (
        [None] * 7 + ["beach"] * 4 + ["cave"] * 3 + ["beach"] * 3
    )


def test_the_first_frame_of_each_scene_begins_it(tokenizer: LlamaTokenizer) -> None:
    begun = [i for i, (_, begins) in enumerate(noted(tokenizer, "begins")) if begins]
    assert begun == [0, 7, 11, 14]


def test_a_frame_notes_who_has_been_seen_in_its_place(tokenizer: LlamaTokenizer) -> None:
    shots = tuple(
        Shot(place, "noon", "clear", (Actor(thing, "red", "jumping"),), 1.0)
        for place, thing in (("lake", "cat"), ("lake", "owl"), ("cave", "hat"), ("lake", "dog"))
    )
    sequence = make_sequence(tokenizer, PROMPT, Script("x", shots), asked("count", FILM)[:1])
    seen = [{thing for bit, thing in enumerate(THINGS) if label >> bit & 1} for _, label in sequence.notes[COMPANY]]
    assert seen == [{"cat"}, {"cat", "owl"}, {"hat"}, {"cat", "owl", "dog"}]
    before = [{thing for bit, thing in enumerate(THINGS) if label >> bit & 1} for _, label in sequence.notes[BEFORE]]
    assert before == [set(), set(), {"cat", "owl"}, {"hat"}]


def test_a_guide_or_all_things_are_noted_of_the_scene_before() -> None:
    assert set(NOTES) == set(GUIDED) | {BEFORE} == set(UNGUIDED) | {"follows"}
    assert BEFORE not in NoteHeads(8).heads
    assert "follows" not in NoteHeads(8, UNGUIDED).heads


def test_scenes_are_counted_up_to_a_dozen(tokenizer: LlamaTokenizer) -> None:
    long = Script("x", tuple(Shot(PLACES[i % 2], "noon", "clear", (), 1.0) for i in range(16)))
    assert [note for _, note in noted(tokenizer, "scene", long)] == [*range(12), 12, 12, 12, 12]


def test_a_word_notes_who_says_it_where_and_which_line_it_is_of(tokenizer: LlamaTokenizer) -> None:
    said = ["Mia: I have lost the map.", "Hugo: The map is mine.", "Mia: Please give me the key.",
            "Mia: I gave the map to Hugo."]  # fmt: skip
    assert lines(tokenizer, "speaker") == list(zip(said, ["Mia", "Hugo", "Mia", "Mia"], strict=True))
    told = ["June.", *said]  # the narrator's line too, but that has no speaker
    assert lines(tokenizer, "here") == list(zip(told, ["beach", "beach", "cave", "cave", "beach"], strict=True))
    assert lines(tokenizer, "rank") == list(zip(told, [0, 1, 0, 1, 0], strict=True))
    assert lines(tokenizer, "line") == list(zip(told, [0, 1, 2, 2, 2], strict=True))


def test_a_line_notes_how_it_begins_and_what_it_has_spoken_of_so_far(tokenizer: LlamaTokenizer) -> None:
    begun = [note for _, note in noted(tokenizer, "opening")]
    assert begun == ["I"] * 6 + ["The"] * 5 + ["Please"] * 6 + ["I"] * 7
    spoken = [note for text, note in noted(tokenizer, "item") if text == "." or text in ITEMS]
    assert spoken == ["map", "map", "map", "map", "key", "key", "map", "map"]


def test_frames_note_that_the_thing_asked_for_was_in_the_scene_before(tokenizer: LlamaTokenizer) -> None:
    shots = [("lake", "cat"), ("lake", "owl"), ("cave", "hat"), ("lake", "cat"), ("farm", "dog")]
    script = Script("x", tuple(Shot(p, "noon", "clear", (Actor(t, "red", "jumping"),), 1.0) for p, t in shots))
    turn = Question("after", "What comes after the cat?", (Part("After the cat comes the farm."),), "cat")
    assert [note for _, note in noted(tokenizer, "follows", script, [turn])] == [False, False, True, False, True]
    assert noted(tokenizer, "follows", script) == []


def test_ranks_go_on_through_the_shots_of_a_scene(tokenizer: LlamaTokenizer) -> None:
    shots = tuple(
        Shot(place, "noon", "clear", (), 2.0, (Line(0.5, 1.5, "Mia", text),))
        for place, text in (("lake", "Hello."), ("lake", "Where."), ("cave", "Here."), ("lake", "Soon."))
    )
    assert [note for _, note in lines(tokenizer, "rank", Script("x", shots))] == [0, 1, 0, 0]


def test_words_are_counted_from_the_speakers_name(tokenizer: LlamaTokenizer) -> None:
    counted = noted(tokenizer, "word")[:11]
    assert counted == [
        ("June", 0), (".", 1), ("Mia", 0), (":", 1), ("I", 2), ("have", 3), ("lost", 4), ("the", 5), ("map", 6),
        (".", 7), ("Hugo", 0),
    ]  # fmt: skip


def test_a_quotation_notes_which_word_comes_next(tokenizer: LlamaTokenizer) -> None:
    turn = next(question for question in asked("says", FILM) if "Hugo" in question.answer)
    assert noted(tokenizer, "next", FILM, [turn]) == [(":", 0), ("The", 1), ("map", 2), ("is", 3), ("mine", 4)]


def test_notes_are_in_every_film_at_what_they_are_about(tokenizer: LlamaTokenizer) -> None:
    for script, _ in films(20):
        sequence = make_sequence(tokenizer, PROMPT, script, asked("count", script, 20)[:1])
        words = [position for position, _ in sequence.notes["word"]]
        assert words == sorted(set(words))
        assert all(sequence.ids[position] != FRAME for position in words)
        starts = [position for position, label in sequence.notes["word"] if label == 0]
        assert len(starts) == len(script.cues())
        classes = {kind: 1 << len(words) if kind in SEVERAL else len(words) for kind, words in NOTES.items()}
        assert all(0 <= label < classes[kind] for kind, of in sequence.notes.items() for _, label in of)


def test_heads_that_know_are_right_and_kinds_without_notes_are_left_out() -> None:
    heads = NoteHeads(32)
    heads.initialise(torch.Generator().manual_seed(0))
    notes = {kind: torch.full((1, 4), IGNORED) for kind in NOTES}
    notes["rank"][0] = torch.arange(4)
    hidden = torch.zeros(1, 4, 32)
    hidden[0, range(4), range(4)] = 1.0
    unsure, _ = heads.loss(hidden, notes)
    with torch.no_grad():
        heads.heads["rank"].weight.copy_(50 * torch.eye(4, 32))
    sure, right = heads.loss(hidden, notes)
    assert right == {"rank": 1.0}
    assert sure.item() < 0.01 < 1.0 < unsure.item()
