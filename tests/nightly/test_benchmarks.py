"""Each benchmark runs, and its competitors do the same work."""

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.measure import MeasurementError
from benchmarks.synth import require_same


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On a tiny size: rows of figures, at least one with a budget; a missed one is status 1."""
    status = main([name, "--size", "tiny"])

    rows = capsys.readouterr().out.splitlines()[4:]
    assert any("<=" in row for row in rows)
    assert status == any("MISSED" in row for row in rows)


def test_different_repositories_are_not_compared() -> None:
    """The difference is named with its path."""
    samples = {(way, 1): {"settings": {"Type": way}} for way in ("ours", "l2")}

    with pytest.raises(MeasurementError, match="/Type: 'ours' and 'l2'"):
        require_same(samples)
