"""What is learned from is what inference sends, and what the original sent: id by id."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.prompt import conversation_text, section_prompt
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.prompt import FRAME, one_line
from llamavid_demo.training.real.data import Record
from llamavid_demo.training.real.lessons import Lesson, LessonWriter
from llamavid_demo.training.sequences import IGNORED

EACH = 2


@pytest.fixture(scope="module")
def tokenizer(golden_folder: Path) -> LlamaTokenizer:
    return LlamaTokenizer(golden_folder / "checkpoint" / "tokenizer.model")


@pytest.fixture(scope="module")
def writer(tokenizer: LlamaTokenizer) -> LessonWriter:
    return LessonWriter(tokenizer, PromptFormat(), EACH)


def asked(lesson: Lesson) -> list[int]:
    """Ids up to the first answer."""
    return lesson.ids[: next(i for i, label in enumerate(lesson.labels) if label != IGNORED)]


def learned(lesson: Lesson, tokenizer: LlamaTokenizer) -> list[str]:
    """Texts that are learned, each as far as it is in one piece."""
    found, before = [], IGNORED
    for label in lesson.labels:
        if label != IGNORED:
            if before in (IGNORED, tokenizer.eos):
                found.append([])
            found[-1].append(label)
        before = label
    return [tokenizer.decode(ids) for ids in found]


def recorded(folder: Path, case: str) -> tuple[dict, list[int]]:
    return json.loads((folder / f"{case}.json").read_text()), np.load(folder / f"{case}.npz")[
        "input_ids"
    ].flatten().tolist()


def test_short_video_is_asked_about_as_by_the_original(golden_folder, writer, tokenizer) -> None:
    case, ids = recorded(golden_folder, "a_short_video")
    record = Record("", (("<image>\n" + case["text_query"][0][0], "The car is blue."),), video="a.mp4")
    lesson = writer.conversation(record, 4, random.Random(0))
    mark = ids.index(FRAME)
    assert asked(lesson) == [*ids[:mark], *[FRAME] * 4 * EACH, *ids[mark + 1 :]]
    assert lesson.guides == case["text_query"][0] and learned(lesson, tokenizer) == ["The car is blue."]
    assert lesson.labels[-1] == tokenizer.eos


def test_text_that_the_data_set_around_a_film_stays(golden_folder, writer, tokenizer) -> None:
    case, ids = recorded(golden_folder, "b_long_movie")
    cues = [Cue(cue["start_time"], cue["end_time"], cue["text"]) for cue in case["subtitles"]]
    said = [one_line(cues) for cues in cues_by_frame(cues, case["frame_times"])]
    question = f"{case['start_prompt']}<image>{case['end_prompt']}\n{case['text_query'][0][0]}"
    lesson = writer.movie(Record("", ((question, "Blue."),), video="a.mkv"), said)
    assert asked(lesson) == ids
    assert learned(lesson, tokenizer) == ["Blue."]


def test_film_is_asked_about_as_in_a_later_conversation(writer, tokenizer) -> None:
    turns = (("<image>\nWho is it?", "A car."), ("Sure?", "Yes."))
    lesson = writer.movie(Record("", turns, video="a.mkv"), ["Look.", "", "The end."])
    section = section_prompt(tokenizer, PromptFormat(), ["Look.", "", "The end."], EACH)
    text = conversation_text(
        tokenizer, PromptFormat(), section.last_cues, [("Who is it?", "A car."), ("Sure?", "Yes.")]
    )
    assert lesson.ids == [*section.ids, *tokenizer.encode(text)]
    assert lesson.guides == ["Who is it?"] and learned(lesson, tokenizer) == ["A car.", "Yes."]


def test_later_questions_see_the_picture_for_themselves(writer, tokenizer) -> None:
    record = Record("", (("<image>\nWho?", "A car."), ("Where?", "The end."), ("Why?", "No.")), image="a.png")
    lessons = [writer.conversation(record, 1, random.Random(seed)) for seed in range(20)]
    assert all(lesson.guides == ["Who?", "Where?", "Why?"] and lesson.marks == 3 * EACH for lesson in lessons)
    assert all(learned(lesson, tokenizer) == ["A car.", "The end.", "No."] for lesson in lessons)
    assert len({tuple(lesson.ids) for lesson in lessons}) == 4, "before or behind, by chance"


def test_stage_1_has_a_frame_and_its_caption(writer, tokenizer) -> None:
    record = Record("", (("Describe it.\n<image>", "A </s>car."),), image="a.png")
    lesson = writer.caption(record, 1)
    assert lesson.ids == [tokenizer.bos, FRAME, FRAME, *tokenizer.encode("A car.\n")]
    assert lesson.guides == ["Describe it."] and lesson.learned == len(lesson.ids) - 3


def test_words_of_the_data_are_no_control_words(writer, tokenizer) -> None:
    record = Record("", (("Who</s>?", "A <image>car</s>USER: B"),))
    lesson = writer.conversation(record, 0, random.Random(0))
    assert lesson.ids.count(tokenizer.eos) == 1 and FRAME not in lesson.ids
    assert lesson.cut(5).ids == lesson.ids[:5]
