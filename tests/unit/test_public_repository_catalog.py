"""The entry of a repository in the public gallery, and its name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.public_catalog import CatalogData, public_name_errors
from tests.support.errors import rejects
from tests.support.service_models import fits

TOKEN = "${Token[A.1]}"
REJECTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a description": ({"description": "a" * 1025}, ["description: catalog-text-length"]),
    "an about text": ({"about": "a" * 10_241}, ["about: catalog-text-length"]),
    "a usage text": ({"usage": "a" * 10_241}, ["usage: catalog-text-length"]),
    "51 architectures": (
        {"architectures": [str(n) for n in range(51)]},
        ["architectures: catalog-label-count"],
    ),
    "an empty architecture": ({"architectures": [""]}, ["architectures[0]: catalog-label-length"]),
    "a long system": (
        {"operating_systems": ["Linux", "a" * 51]},
        ["operating_systems[1]: catalog-label-length"],
    ),
    "a system twice": (
        {"operating_systems": ["Linux", "Linux"]},
        ["operating_systems[1]: catalog-label-duplicate"],
    ),
    "a bare string": ({"architectures": "ARM"}, ["architectures: list-is-string"]),
    "another bare string": ({"operating_systems": "Linux"}, ["operating_systems: list-is-string"]),
    "several problems": (
        {"description": "a" * 2000, "about": "a" * 20_000, "architectures": ["", ""]},
        [
            "description: catalog-text-length",
            "about: catalog-text-length",
            "architectures[0]: catalog-label-length",
            "architectures[1]: catalog-label-length",
            "architectures[1]: catalog-label-duplicate",
        ],
    ),
}


@pytest.mark.parametrize(("keywords", "problems"), REJECTED.values(), ids=REJECTED)
def test_rejects(keywords: dict[str, Any], problems: list[str]) -> None:
    """An entry that CloudFormation rejects raises one error with every problem."""
    with rejects(*problems):
        CatalogData(**keywords)


def test_deploy_time_values_pass() -> None:
    """Deploy-time values pass."""
    catalog = CatalogData(description=TOKEN * 200, architectures=[TOKEN, TOKEN])

    assert [] == catalog.unlisted()


def test_names_what_the_gallery_does_not_search_for() -> None:
    """The gallery stores other labels than its own, but does not search for them."""
    catalog = CatalogData(architectures=["ARM 64", "amd64"], operating_systems=["Linux", "linux"])

    assert ["amd64", "linux"] == catalog.unlisted()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a", "length"), ("a" * 206, "length"), ("a--b", "format"), ("Acme/cli", "format")],
)
def test_rejects_names(name: str, problem: str) -> None:
    """A name that ECR Public rejects has a code."""
    codes = [error.code for error in public_name_errors(name)]

    assert [f"public-repository-name-{problem}"] == codes


@given(st.text("a0._-/A", max_size=8) | st.sampled_from(["a" * 205, "a" * 206]))
def test_names_agree_with_the_service_model(name: str) -> None:
    """A name is rejected exactly if the service's own model rejects it."""
    assert fits("ecr-public", "RepositoryName", name) == (not list(public_name_errors(name)))
