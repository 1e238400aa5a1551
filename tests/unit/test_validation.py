"""Errors: every problem of a value, raised together, each with a code."""

import pytest

from ecr_constructs.model.diagnostics import Diagnostic, Severity
from ecr_constructs.model.validation import ValidationError, raise_if_invalid, require_list
from tests.support.errors import codes, rejects

SHORT = Diagnostic(code="tag-length", message="is short", path="tags[0]", remedy="write more")
UGLY = Diagnostic(code="tag-characters", message="is ugly")


def test_nothing_is_raised_without_a_problem() -> None:
    raise_if_invalid("tag", "x", [])


def test_every_problem_is_raised_at_once() -> None:
    with rejects("tags[0]: tag-length", "tag-characters"):
        raise_if_invalid("tag", "x", iter([SHORT, UGLY]))


def test_an_error_is_a_value_error_that_names_subject_value_and_problems() -> None:
    """The message repeats the value and has a line for each problem."""
    error = ValidationError("tag", "x", [SHORT, UGLY])

    assert isinstance(error, ValueError)
    assert "tag" == error.subject
    assert "Invalid tag (value: x):\n  - tags[0]: is short; write more\n  - is ugly" == str(error)


def test_a_long_value_is_cut() -> None:
    assert f"(value: {'x' * 500}…)" in str(ValidationError("tag", "x" * 501, [UGLY]))
    assert f"(value: {'x' * 500})" in str(ValidationError("tag", "x" * 500, [UGLY]))


@pytest.mark.parametrize(
    ("value", "code"), [("team", "list-is-string"), (["#{Token[TOKEN.1]}"], "list-unresolved")]
)
def test_what_only_looks_like_a_list_is_rejected(value: object, code: str) -> None:
    """A string, and a list that CDK resolves at deploy time, are not lists of strings."""
    with pytest.raises(ValidationError) as caught:
        require_list("teams", value)

    assert [("teams", code)] == codes(caught.value)


@pytest.mark.parametrize("value", [[], ["a"], ("a",), ["${Token[TOKEN.1]}"]])
def test_lists_of_strings_pass(value: object) -> None:
    """A list, whose items may be deploy-time values, passes."""
    require_list("teams", value)


def test_severities_are_ordered() -> None:
    assert [Severity.NOTE, Severity.WARNING, Severity.ERROR] == sorted(
        [Severity.ERROR, Severity.NOTE, Severity.WARNING]
    )
    assert Severity.ERROR > "warning" >= Severity.WARNING >= Severity.NOTE < "error"
    assert Severity.NOTE <= "note"
