"""Reading the codes of a rejected value."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import ValidationError


def codes(error: ValidationError) -> list[tuple[str, str]]:
    """Return the path and the code of each problem, in the order in which they are listed."""
    return [(problem.path, problem.code) for problem in error.diagnostics]


@contextmanager
def rejects(*expected: str) -> Iterator[list[Diagnostic]]:
    """Expect a `ValidationError` with these problems, each written ``path: code`` or ``code``.

    Yields:
        A list that contains the problems afterwards.
    """
    diagnostics: list[Diagnostic] = []
    with pytest.raises(ValidationError) as caught:
        yield diagnostics
    diagnostics += caught.value.diagnostics
    assert list(expected) == written(caught.value.diagnostics)


def written(problems: Iterable[Diagnostic]) -> list[str]:
    """Return each problem as ``path: code``, or as its code if it has no path."""
    return [f"{item.path}: {item.code}" if item.path else item.code for item in problems]


def rejection_test(
    make: Callable[..., Any], table: Mapping[str, tuple[Any, ...]], *, prefix: str = ""
) -> Callable[..., None]:
    """Return a test with a case for each row of a table of values and their problems.

    Args:
        make: Raises a `ValidationError` for a value, or returns its problems, or None.
        table: By the id of the case the value, or a tuple of arguments, and then each problem,
            written ``path: code`` or ``code``; none for a value that is accepted.
        prefix: Text that every problem begins with.
    """
    rows = [(row[0], [f"{prefix}{problem}" for problem in row[1:]]) for row in table.values()]

    def test(value: Any, expected: list[str]) -> None:
        """The value has these problems and no others."""
        try:
            problems = make(*value) if isinstance(value, tuple) else make(value)
        except ValidationError as error:
            problems = error.diagnostics
        assert expected == written(problems or ())

    parametrized: Callable[..., None] = pytest.mark.parametrize(
        ("value", "expected"), rows, ids=table
    )(test)
    return parametrized


def by_code(values_by_code: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Any, ...]]:
    """Return the table of values that have one problem each; those of the code "" have none.

    The values of a code are a list, or a mapping of the ids of the cases to the values.
    """
    table: dict[str, tuple[Any, ...]] = {}
    for code, values in values_by_code.items():
        for index, value in enumerate(values):
            name = value if isinstance(values, Mapping) else f"{code}[{index}] {str(value)[:40]!r}"
            item = values[value] if isinstance(values, Mapping) else value
            table[name] = (item, code) if code else (item,)
    return table
