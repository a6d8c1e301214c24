from llamavid_demo.model.llava_mini.prompt import conversation_words, section_prompt
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.questions import FAMILIES, Question
from llamavid_demo.storybook.frame_cues import cue_texts, frame_times
from llamavid_demo.training.conversation import Manner, converse_freely
from llamavid_demo.training.llava_mini.sequences import ChatForm, FusedSequence, fused_sequence
from llamavid_demo.training.sequences import IGNORED
from tests.questions.conftest import FILM, asked
from tests.storybook.conftest import films
from tests.training.llava_mini.conftest import with_tokens

MANNER = Manner(turns=4, families=dict.fromkeys((family for family in FAMILIES if family != "follow_up"), 1.0))


def said(tokenizer: ChatTokenizer, ids: list[int]) -> str:
    return tokenizer.pieces.decode(ids, skip_special_tokens=True)


def make(form: ChatForm, turns: list[Question], **more: bool) -> FusedSequence:
    return fused_sequence(form, form.things(), FILM, turns, **more)


def test_training_reads_what_inference_sends(form: ChatForm, chat_tokenizer: ChatTokenizer) -> None:
    for script, rng in films(20):
        talk = converse_freely(script, MANNER, rng)
        sequence = fused_sequence(form, form.things(), script, talk.questions, subtitles=talk.subtitles)
        section = section_prompt(chat_tokenizer, cue_texts(script, subtitles=talk.subtitles), 1, system="")
        assert sequence.ids.count(FRAME) == len(sequence.shots) == len(frame_times(script))
        turns: list[tuple[str, str | None]] = []
        for number, question in enumerate(talk.questions):
            open_turns = [*turns, (question.text, None)]
            words = conversation_words(chat_tokenizer, section.last_cues, open_turns, answers="raw", system="")
            prompt = [*section.ids, *(word.id for word in words)]
            assert sequence.ids[: len(prompt)] == prompt
            assert sequence.owners[len(prompt)] == number
            assert sequence.labels[len(prompt)] != IGNORED
            behind = [at - len(section.ids) for at in sequence.fused if len(section.ids) <= at < len(prompt)]
            assert behind == [i for i, word in enumerate(words) if word.fused]
            turns.append((question.text, question.answer))


def test_opening_and_questions_are_fused_but_no_frame_cue_or_answer(
    form: ChatForm, chat_tokenizer: ChatTokenizer
) -> None:
    turns = [asked("where", FILM)[0], asked("count", FILM)[0]]
    sequence = make(form, turns)
    words = said(chat_tokenizer, sequence.fused_ids.tolist()).split()
    assert words == ["user", *f"{turns[0].text} assistant user {turns[1].text} assistant".split()]
    assert sequence.fused[: sequence.ids.index(FRAME)] == tuple(range(sequence.ids.index(FRAME)))
    assert list(sequence.fused) == sorted(sequence.fused)


def test_labels_are_the_answers_with_the_end_of_their_turns(form: ChatForm, chat_tokenizer: ChatTokenizer) -> None:
    turns = [asked("where", FILM)[0], asked("count", FILM)[0]]
    sequence = make(form, turns)
    for number, question in enumerate(turns):
        own = [i for i, label in enumerate(sequence.labels) if label != IGNORED and sequence.owners[i] == number]
        assert said(chat_tokenizer, [sequence.ids[i] for i in own]) == question.answer
        assert sequence.ids[own[-1]] == chat_tokenizer.eos


def test_colours_and_actions_are_found_at_the_name_in_a_question(form: ChatForm, chat_tokenizer: ChatTokenizer) -> None:
    where = next(q for q in asked("where", FILM) if "owl" in q.answer)
    colour = next(q for q in asked("colour", FILM) if q.answer == "The owl is white.")
    sequence = make(form, [where, colour])
    white = chat_tokenizer.encode("white")[0]
    at = max(i for i, token in enumerate(sequence.ids) if token == white)
    (targets,) = [to for position, _, to in sequence.pointers if position == at - 1]
    assert [sequence.ids[i] in form.things() for i in targets] == [True, True]
    assert set(targets) <= set(sequence.fused)
    assert max(targets) < at
    beach = max(i for i, token in enumerate(sequence.ids) if token == chat_tokenizer.encode("beach")[0])
    places = [to for position, _, to in sequence.pointers if position == beach - 1]
    assert [{sequence.ids[i] for i in to} for to in places] == [{FRAME}]


def test_a_follow_up_finds_the_name_in_the_question_before(form: ChatForm, chat_tokenizer: ChatTokenizer) -> None:
    further = next(q for q in asked("follow_up", FILM) if q.answer == "The owl is white.")
    assert further.earlier is not None
    sequence = make(form, [further.earlier, further])
    at = max(i for i, token in enumerate(sequence.ids) if token == chat_tokenizer.encode("white")[0])
    (targets,) = [to for position, _, to in sequence.pointers if position == at - 1]
    assert {form.things()[sequence.ids[i]] for i in targets} == {"owl"}


def test_a_frame_may_be_several_tokens(form: ChatForm) -> None:
    one, four = (make(each, asked("place", FILM)[:1]) for each in (form, with_tokens(form, 4)))
    assert four.ids.count(FRAME) == 4 * one.ids.count(FRAME)
    marks = [i for i, token in enumerate(four.ids) if token == FRAME]
    assert [at for at, _ in four.notes["begins"]] == marks[3::4]


def test_without_subtitles_no_words_stand_between_frames(form: ChatForm) -> None:
    sequence = make(form, asked("place", FILM)[:1], subtitles=False)
    marks = [i for i, token in enumerate(sequence.ids) if token == FRAME]
    assert marks == list(range(marks[0], marks[0] + len(marks)))
