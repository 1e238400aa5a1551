"""An app and a stack of each test's own."""

from pathlib import Path

import aws_cdk as cdk
import pytest

from tests.support.constructs import ENV, new_app


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    """Return an app that writes below the test's own folder."""
    return new_app(tmp_path / "cdk.out")


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    """Return a stack of a known account and Region."""
    return cdk.Stack(app, "Stack", env=ENV)
