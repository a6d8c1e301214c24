"""Layouts of public benchmarks: small files of each are read, and predictions stand as their scorers want them."""

import json
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.errors import BenchmarkError
from llamavid_demo.evaluation.layouts import chosen_option, known_layouts, predictions, read_benchmark

MSVD = [{"id": 7, "video_id": 1301, "question": "what is a man riding?", "answer": "horse"}]
ACTIVITYNET_Q = [{"question_id": "v_a_0", "video_name": "a", "question": "is it raining"}]
ACTIVITYNET_A = [{"question_id": "v_a_0", "answer": "no", "type": 3}]
VIDEO = {"video_id": "001", "duration": "short", "domain": "Knowledge", "sub_category": "Geography", "videoID": "xY-1"}
CHOICE = {
    "question_id": "001-1", "task_type": "Counting Problem", "question": "How many boats?",
    "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."], "answer": "B",
}  # fmt: skip
EGO = [{"q_uid": "u1", "question": "What does C do?", **{f"option {n}": f"C mends {n} nets." for n in range(5)}}]
TVQA = [
    {"qid": 9, "vid_name": "friends_s01e01_seg02_clip_00", "q": "Who is at the door?", "ts": "1.2-8.4",
     "a0": "Mara", "a1": "Tom", "a2": "Lily", "a3": "Hugo", "a4": "Nobody", "answer_idx": 2, "show_name": "Friends"}
]  # fmt: skip
PLAIN = [
    {"video": "a.mp4", "question": "Who?", "answer": "Mara", "subtitles": "a.srt"},
    {"video": "b", "question": "Which?", "options": ["red", "a red car"], "answer": "a red car"},
]


def write(path: Path, rows: Any, *, lines: bool = False) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    return path


def test_open_questions_become_rows_with_pred(tmp_path: Path) -> None:
    layout, (question,) = read_benchmark(write(tmp_path / "test_qa.json", MSVD))
    assert (layout.name, question.clip, question.answer) == ("MSVD-QA", "1301", "horse")
    (row,) = map(json.loads, predictions(layout, [question], {"7": "A horse."}).splitlines())
    assert {name: row[name] for name in ("id", "question", "answer", "pred")} == {
        "id": 7, "question": "what is a man riding?", "answer": "horse", "pred": "A horse.",
    }  # fmt: skip


def test_activitynets_answers_come_from_their_own_file(tmp_path: Path) -> None:
    questions = write(tmp_path / "test_q.json", ACTIVITYNET_Q)
    layout, (question,) = read_benchmark(questions, write(tmp_path / "test_a.json", ACTIVITYNET_A))
    assert (layout.name, question.clip, question.answer, question.group) == ("ActivityNet-QA", "a", "no", "type 3")
    assert read_benchmark(questions)[1][0].told is False
    row = json.loads(predictions(layout, [question], {"v_a_0": "No."}))
    assert (row["id"], row["answer"], row["pred"]) == ("v_a_0", "no", "No.")


@pytest.mark.parametrize("rows", [[{**VIDEO, **CHOICE}], [{**VIDEO, "questions": [CHOICE]}]], ids=["flat", "by video"])
def test_video_mmes_results_are_by_video(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    layout, (question,) = read_benchmark(write(tmp_path / "mme.jsonl", rows, lines=True))
    assert (layout.name, question.clip, question.right, question.group) == ("Video-MME", "xY-1", 1, "duration short")
    (video,) = json.loads(predictions(layout, [question], {"001-1": "B. Two."}))
    assert video == {**VIDEO, "questions": [{**CHOICE, "response": "B. Two."}]}
    assert json.loads(predictions(layout, [question], {}))[0]["questions"][0]["response"] == ""


def test_egoschemas_and_tvqas_predictions_are_numbers(tmp_path: Path) -> None:
    answers = write(tmp_path / "subset_answers.json", {"u1": 3})
    layout, (question,) = read_benchmark(write(tmp_path / "questions.json", EGO), answers)
    assert (layout.name, question.clip, question.right) == ("EgoSchema", "u1", 3)
    assert json.loads(predictions(layout, [question], {"u1": "D"})) == {"u1": 3}
    assert json.loads(predictions(layout, [question], {"u1": "I can't say."})) == {"u1": -1}
    layout, (question,) = read_benchmark(write(tmp_path / "tvqa_val.jsonl", TVQA, lines=True))
    assert (layout.name, question.text, question.right) == ("TVQA", "Who is at the door?", 2)
    assert json.loads(predictions(layout, [question], {"9": "It is Lily."})) == {"9": 2}


def test_plain_rows_need_no_ids(tmp_path: Path) -> None:
    layout, (spoken, chosen) = read_benchmark(write(tmp_path / "plain.jsonl", PLAIN, lines=True))
    assert (layout.name, spoken.id, spoken.subtitles, chosen.id, chosen.right) == ("plain", "0", "a.srt", "1", 1)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("B", 1), ("(c)", None), ("B.", 1), ("(C) a dog", 2), ("The best answer is: A", 0), ("Option B", 1),
        ("A red car stands there.", 1), ("It is red.", 0), ("Red, or a dog.", None), ("No idea", None), ("", None),
    ],
)  # fmt: skip
def test_an_option_is_named_by_letter_or_words(said: str, number: int | None) -> None:
    assert chosen_option(said, ["red", "B. a red car.", "a dog"]) == number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no known layout"), ("[1]", "no list of objects"), ("{", "cannot be read as JSON"),
        ('[{"film": "a", "question": "Who?"}]', "film, question"), (json.dumps(MSVD * 2), "same id"),
        (json.dumps([{**VIDEO, **CHOICE, "answer": "E"}]), "none of its options"),
    ],
)  # fmt: skip
def test_what_is_no_benchmark_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(BenchmarkError, match=said):
        read_benchmark(tmp_path / "bad.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="nowhere"):
        read_benchmark(tmp_path / "nowhere.json")
    assert known_layouts() == "Video-MME, EgoSchema, TVQA, ActivityNet-QA, MSVD-QA"
