"""`python -m benchmarks` can gate: its exit status says whether the budgets are met."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import Budget, Row, Spread, Table
from benchmarks.processes import MeasurementError
from benchmarks.registry import BENCHMARKS, Benchmark


def finding(value: float) -> Benchmark:
    """Return a benchmark that finds this ratio, where 1 is allowed."""

    def run(**_: object) -> Sequence[Table]:
        against = {"theirs": Spread(value, value, value)}
        row = Row("CPU", {"ours": 1.0}, "s", against, budget=Budget("theirs", 1.0))
        return [Table("Found", [row])]

    return run


def failing(**_: object) -> Sequence[Table]:
    """Fail as a benchmark does whose competitor cannot run."""
    msg = "no such competitor"
    raise MeasurementError(msg)


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"quick-one": finding(0.5), "slow-one": finding(2.0), "broken-one": failing}
    monkeypatch.setattr(command, "BENCHMARKS", given)


@pytest.mark.parametrize(
    ("names", "status"),
    [(["quick-one"], 0), (["quick-one", "slow-one"], 1), (["broken-one", "slow-one"], 2)],
    ids=["all met", "one missed", "nothing to say"],
)
def test_the_exit_status(names: list[str], status: int) -> None:
    """0 when all budgets are met, 1 when one is missed, 2 when nothing can be said."""
    assert command.main(names) == status


def test_a_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A benchmark that cannot run says why, without a traceback."""
    command.main(["broken-one"])

    assert capsys.readouterr().err == "broken-one: no such competitor\n"


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none is wrong usage, and the answer lists those there are."""
    with pytest.raises(SystemExit, match="2"):
        command.main(["synthesis"])

    assert "no benchmark synthesis; there are quick-one, slow-one" in capsys.readouterr().err


def test_the_figures_can_be_kept(tmp_path: Path) -> None:
    """``--json`` writes the tables and what they were measured on, missed budgets included."""
    path = tmp_path / "figures.json"
    command.main(["slow-one", "--quick", "--json", str(path)])

    document = json.loads(path.read_text(encoding="utf-8"))
    assert set(document) == {"machine", "quick", "tables"}
    assert (document["quick"], document["tables"][0]["rows"][0]["met"]) == (True, False)


def test_the_benchmarks_there_are() -> None:
    """Import and synth have a benchmark."""
    assert {"import", "synth"} <= set(BENCHMARKS)
