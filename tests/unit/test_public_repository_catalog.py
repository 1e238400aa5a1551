"""What the public gallery is told of a repository, and its name there."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.public_catalog import CatalogData, public_name_errors
from tests.support.service_models import fits

TOKEN = "${Token[A.1]}"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a description": (
        {"description": "a" * 1025},
        "description may be 1,024 characters long, is 1,025",
    ),
    "an about text": ({"about": "a" * 10_241}, "about may be 10,240 characters long, is 10,241"),
    "a usage text": ({"usage": "a" * 10_241}, "usage may be 10,240 characters long, is 10,241"),
    "51 architectures": (
        {"architectures": [str(n) for n in range(51)]},
        "at most 50 architectures are allowed, these are 51",
    ),
    "an empty architecture": (
        {"architectures": [""]},
        "architectures: '' must be 1 to 50 characters long",
    ),
    "a long system": (
        {"operating_systems": ["a" * 51]},
        "must be 1 to 50 characters long",
    ),
    "a system twice": (
        {"operating_systems": ["Linux", "Linux"]},
        "operating_systems: 'Linux' is listed twice",
    ),
    "a bare string": ({"architectures": "ARM"}, "write ['ARM']"),
    "another bare string": ({"operating_systems": "Linux"}, "write ['Linux']"),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(keywords: dict[str, Any], fault: str) -> None:
    """What CloudFormation would refuse is named with the limit."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        CatalogData(**keywords)


def test_lists_every_fault() -> None:
    """Several faults are refused in one error."""
    with pytest.raises(ValueError, match="Invalid catalog data") as refusal:
        CatalogData(description="a" * 2000, about="a" * 20_000, architectures=["", ""])

    assert 5 == str(refusal.value).count("\n  - ")


def test_deploy_time_values_pass() -> None:
    """What is known only at deploy time cannot be judged."""
    catalog = CatalogData(description=TOKEN * 200, architectures=[TOKEN, TOKEN])

    assert [] == catalog.unlisted()


def test_names_what_the_gallery_does_not_search_for() -> None:
    """A label in other words than the gallery's is kept, but never found."""
    catalog = CatalogData(architectures=["ARM 64", "amd64"], operating_systems=["Linux", "linux"])

    assert ["amd64", "linux"] == catalog.unlisted()


NAMES = {
    "one letter": ("a", "must be 2 to 205 characters long, this is 1"),
    "206 characters": ("a" * 206, "must be 2 to 205 characters long, this is 206"),
    "two dashes": ("a--b", "between them a single '.', '_', '-' or '/'"),
    "capitals": ("Acme/cli", "may hold only lowercase letters and digits"),
}


@pytest.mark.parametrize(("name", "fault"), NAMES.values(), ids=NAMES)
def test_refuses_names(name: str, fault: str) -> None:
    """A name that ECR Public refuses is named with what is allowed."""
    [found] = public_name_errors(name)

    assert fault in found


@given(st.text("a0._-/A", max_size=8) | st.sampled_from(["a" * 205, "a" * 206]))
def test_names_agree_with_the_service_model(name: str) -> None:
    """A name is refused exactly if the service's own model refuses it."""
    assert fits("ecr-public", "RepositoryName", name) == (not list(public_name_errors(name)))
