"""One embedded AWS for all tests of its fidelity."""

from tests.support.embedded_aws import local_aws, new_account, place, read_back

__all__ = ["local_aws", "new_account", "place", "read_back"]
