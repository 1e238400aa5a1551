"""The entry of a repository in the public gallery, and its name."""

from typing import Any

from ecr_constructs.model.public_catalog import CatalogData, public_name_errors
from tests.support.errors import by_code, rejection_test

TOKEN = "${Token[A.1]}"


REJECTED: dict[str, tuple[Any, ...]] = {
    "a description": ({"description": "a" * 1025}, "description: catalog-text-length"),
    "an about text": ({"about": "a" * 10_241}, "about: catalog-text-length"),
    "a usage text": ({"usage": "a" * 10_241}, "usage: catalog-text-length"),
    "51 architectures": (
        {"architectures": [str(n) for n in range(51)]},
        "architectures: catalog-label-count",
    ),
    "an empty architecture": ({"architectures": [""]}, "architectures[0]: catalog-label-length"),
    "a long system": (
        {"operating_systems": ["Linux", "a" * 51]},
        "operating_systems[1]: catalog-label-length",
    ),
    "a system twice": (
        {"operating_systems": ["Linux", "Linux"]},
        "operating_systems[1]: catalog-label-duplicate",
    ),
    "a bare string": ({"architectures": "ARM"}, "architectures: list-is-string"),
    "another bare string": ({"operating_systems": "Linux"}, "operating_systems: list-is-string"),
    "several problems": (
        {"description": "a" * 2000, "about": "a" * 20_000, "architectures": ["", ""]},
        "description: catalog-text-length",
        "about: catalog-text-length",
        "architectures[0]: catalog-label-length",
        "architectures[1]: catalog-label-length",
        "architectures[1]: catalog-label-duplicate",
    ),
}
test_rejects = rejection_test(lambda keywords: CatalogData(**keywords), REJECTED)


def test_deploy_time_values_pass() -> None:
    catalog = CatalogData(description=TOKEN * 200, architectures=[TOKEN, TOKEN])

    assert [] == catalog.unlisted()


def test_names_what_the_gallery_does_not_search_for() -> None:
    """The gallery stores other labels than its own, but does not search for them."""
    catalog = CatalogData(architectures=["ARM 64", "amd64"], operating_systems=["Linux", "linux"])

    assert ["amd64", "linux"] == catalog.unlisted()


NAMES = by_code({"": ["acme/cli"], "length": ["a", "a" * 206], "format": ["a--b", "Acme/cli"]})
test_names = rejection_test(public_name_errors, NAMES, prefix="public-repository-name-")
