"""The embedded AWS, one for all integration tests of a process."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_accounts = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the embedded AWS, and keep it in one worker: starting one costs seconds."""
    for item in items:
        if "local_aws" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("local_aws"))


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The embedded AWS."""
    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="session")
def new_account() -> Callable[[], str]:
    """Gives an account that no other test has used, so no test sees what another left."""
    return lambda: f"{next(_accounts):012}"
