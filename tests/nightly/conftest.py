"""One embedded AWS for all tests of its fidelity."""

import pytest

from tests.support import embedded_aws
from tests.support.embedded_aws import local_aws, new_account

__all__ = ["local_aws", "new_account"]


# Before xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker what shares a server."""
    embedded_aws.group(items)
