"""Every public name can be imported."""

import aws_cdk as cdk
import pytest

import ecr_constructs


@pytest.mark.parametrize("name", ecr_constructs.__all__)
def test_public_name_can_be_imported(name: str) -> None:
    """A public name is a documented class of that name, and the same one each time."""
    value = getattr(ecr_constructs, name)

    assert (name, True) == (value.__name__, bool(value.__doc__))
    assert value is getattr(ecr_constructs, name)


def test_star_import_gives_the_public_names() -> None:
    """A star import gives the names of ``__all__``."""
    names: dict[str, object] = {}
    exec("from ecr_constructs import *", names)  # noqa: S102 - the statement under test

    assert set(ecr_constructs.__all__) == set(names) - {"__builtins__"}


def test_constructs_are_resources() -> None:
    """The constructs are CDK resources, so whatever takes one takes them."""
    assert [True, True] == [
        issubclass(item, cdk.Resource)
        for item in (ecr_constructs.Repository, ecr_constructs.RegistryKey)
    ]
