"""One embedded AWS for all integration tests of a process."""

import pytest

from tests.support import embedded_aws
from tests.support.embedded_aws import cdk, local_aws, new_account, read_back

__all__ = ["cdk", "local_aws", "new_account", "read_back"]


# Before xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker what shares a server."""
    embedded_aws.group(items)
