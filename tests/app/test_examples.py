"""The examples are short; tests/integration synthesizes and validates them."""

from pathlib import Path

import pytest

from tests.support.examples import EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_is_short(path: Path) -> None:
    """An example is read at a glance."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_there_are_examples() -> None:
    """The examples are found."""
    assert len(EXAMPLES) >= 2
