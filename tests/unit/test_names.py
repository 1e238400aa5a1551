"""Repository names: what ECR accepts, and what a refusal says."""

import re

import pytest
from hypothesis import given

from ecr_constructs.model.names import check_repository_name, repository_name_errors
from tests.support.service_models import fits
from tests.support.strategies import near_miss_names

PART = "each part between slashes must begin and end with a letter or digit"
SLASHES = "must not begin or end with '/' nor hold '//'"
REFUSED = {
    "empty": ("", "must be 2 to 256 characters long, this is 0"),
    "one character": ("a", "must be 2 to 256 characters long, this is 1"),
    "257 characters": ("a" * 257, "must be 2 to 256 characters long, this is 257"),
    "upper case": ("Payments/API", "found 'A', 'I', 'P'; write 'payments/api'"),
    "a tag": ("payments/api:1.0", "found ':'; write 'payments/api'"),
    "spaces": (" payments api ", "found ' '; write 'payments-api'"),
    "no near sound name": ("käse/brot", "'.', '_', '-' and '/', found 'ä'"),
    "a line break at the end": ("payments\n", "found '\\n'; write 'payments'"),
    "leading slash": ("/api", SLASHES),
    "trailing slash": ("api/", SLASHES),
    "double slash": ("payments//api", SLASHES),
    "leading dot": (".api", f"{PART} and may hold a single '.'"),
    "trailing hyphen": ("api-", "'api-' does not"),
    "two dots": ("a..b", "'a..b' does not"),
    "three underscores": ("a___b", "'a___b' does not"),
    "mixed separators": ("a.-b", "'a.-b' does not"),
    "hyphen at a slash": ("team/-api", "'-api' does not"),
    "an image URI": (
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com/payments/api:1.0",
        "is an image URI, not a name; write 'payments/api'",
    ),
    "a dual-stack image URI": (
        "https://111122223333.dkr-ecr.eu-central-1.on.aws/api@sha256:0",
        "is an image URI, not a name; write 'api'",
    ),
}


@pytest.mark.parametrize(("name", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(name: str, fault: str) -> None:
    """A name that ECR refuses raises an error that says what to write instead."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        check_repository_name(name)


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 256, "payments/api", "a--b", "a__b", "a---b.c_d/0", "0/1/2", "team.a/api-v2"],
)
def test_accepts(name: str) -> None:
    """A name that ECR accepts has no fault."""
    assert list(repository_name_errors(name)) == []


def test_lists_every_fault_once() -> None:
    """A name with several faults is refused with all of them, each said once."""
    faults = [*repository_name_errors("a" * 256 + "//-/")]

    with pytest.raises(ValueError, match=re.escape("Invalid repository name (value: a")) as refusal:
        check_repository_name("a" * 256 + "//-/")

    assert len(set(faults)) == 3
    assert [f"  - {fault}" for fault in dict.fromkeys(faults)] == str(refusal.value).split("\n")[1:]


@pytest.mark.parametrize("name", ["${Token[TOKEN.1]}", "Team-${Token[Name.27]}"])
def test_lets_deploy_time_values_pass(name: str) -> None:
    """A name that is known only at deploy time cannot be judged and passes."""
    assert check_repository_name(name) is None  # type: ignore[func-returns-value]


@given(near_miss_names())
def test_agrees_with_the_service_model(name: str) -> None:
    """A name is sound exactly if it fits the pattern and lengths that ECR's own model states."""
    assert fits("ecr", "RepositoryName", name) == (not any(repository_name_errors(name)))
