"""Reading the codes of a rejected value."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    written = [f"{path}: {code}" if path else code for path, code in codes(caught.value)]
    assert list(expected) == written
