"""What `eval` prints besides the table."""

from llamavid_demo.cli.score_table import evidence_lines


def result(right: float, n: int) -> dict:
    return {"evidence": {"accuracy": right, "n": n, "interval": (right - 0.05, right + 0.05), "families": {}}}


def test_evidence_is_one_line() -> None:
    (line,) = evidence_lines({"full": result(0.925, 200)})
    assert line == "evidence: the top moment lies in the shot asked about in 92.5% of 200 (88% to 98%)"


def test_each_of_several_results_has_its_line() -> None:
    lines = evidence_lines({"full": result(0.9, 20), "no visual": result(0.1, 20)})
    assert [line.partition(":")[0] for line in lines] == ["evidence (full)", "evidence (no visual)"]
