"""The examples in docstrings of modules that need no CDK."""

import doctest
import importlib
from pathlib import Path

import pytest

import ecr_constructs

PACKAGE = Path(ecr_constructs.__file__).parent
PURE = ("model", "cloudformation", "checks", "review", "environment")


def examples() -> list[str]:
    """Return the modules with examples, without those that import CDK or cfn-lint."""
    return [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for folder in PURE
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        if ">>> " in (text := path.read_text("utf-8")) and "import aws_cdk" not in text
    ]


@pytest.mark.parametrize("name", examples())
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))

    assert (0, True) == (result.failed, result.attempted > 0)
