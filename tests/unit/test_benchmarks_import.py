"""The import benchmark sees what an import loads and starts."""

import pytest

from benchmarks import import_time
from benchmarks.figures import Table


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Make a round cheap: two of them."""
    monkeypatch.setattr(import_time, "QUICK_ROUNDS", 2)
    return monkeypatch


def row_values(table: Table) -> dict[str, float]:
    return {row.figure: row.against[import_time.BARE].median for row in table.rows[-2:]}


def test_the_library_loads_and_starts_nothing(measure: pytest.MonkeyPatch) -> None:
    """Importing the library loads no CDK and starts no process."""
    del measure
    [table] = import_time.run(quick=True, announce=lambda _: None)

    assert row_values(table) == {
        "CDK, jsii and the like loaded": 0,
        "processes started, such as Node": 0,
    }
    assert [row.met for row in table.rows[-2:]] == [True, True]


def test_a_module_and_a_process_are_noticed(measure: pytest.MonkeyPatch) -> None:
    """What an import does load or start misses the budget, and is named."""
    does = (
        "import subprocess; sys.modules['jsii'] = sys; subprocess.run([sys.executable, '-c', ''])"
    )
    measure.setattr(import_time, "AUDIT", import_time.AUDIT.replace("import ecr_constructs", does))
    [table] = import_time.run(quick=True, announce=lambda _: None)

    found = row_values(table)
    assert found["CDK, jsii and the like loaded: jsii"] == 1
    assert [row.met for row in table.rows[-2:]] == [False, False]
    assert any("subprocess.Popen" in figure for figure in found)
