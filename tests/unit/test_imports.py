"""Importing the library is cheap, and its public names are the ones it lists."""

import json
import subprocess
import sys

import pytest

import ecr_constructs

WHOLE_MODEL = """
import importlib, json, pkgutil, sys
import ecr_constructs
from ecr_constructs import model
names = [each.name for each in pkgutil.walk_packages(model.__path__, "ecr_constructs.model.")]
for name in names:
    importlib.import_module(name)
heavy = {"aws_cdk", "boto3", "botocore", "jsii", "pydantic"} & set(sys.modules)
print(json.dumps([len(names), sorted(heavy)]))
"""


def test_the_model_loads_nothing_heavy() -> None:
    output = subprocess.check_output([sys.executable, "-c", WHOLE_MODEL], text=True)

    modules, heavy = json.loads(output)
    assert heavy == []
    assert modules > 10


def test_public_names_are_sorted() -> None:
    """``__all__`` is sorted, lists no name twice, and every name has a home."""
    assert sorted(set(ecr_constructs.__all__)) == ecr_constructs.__all__
    assert set(ecr_constructs.__all__) == set(ecr_constructs._HOMES)


def test_public_names_are_shown() -> None:
    assert set(ecr_constructs.__all__) < set(dir(ecr_constructs))


def test_unknown_names_are_refused_as_usual() -> None:
    """A name that is not public raises the AttributeError of any module."""
    with pytest.raises(AttributeError, match="module 'ecr_constructs' has no attribute 'Repo'"):
        _ = ecr_constructs.Repo
