"""The environment files of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.source import EnvironmentFileError
from local_aws import paths
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from ecr_constructs.environment.resolution import ResolvedEnvironment

SHOWN = ("dev", "prod")


def read() -> dict[str, ResolvedEnvironment]:
    """Load dev and prod as `app.py` does: together with all other files.

    Raises:
        LocalAwsError: A file is missing or has problems, each with file and line.
    """
    try:
        environments = load_environments(paths.PROJECT / "environments")
    except EnvironmentFileError as error:
        raise LocalAwsError(str(error).replace(f"{paths.PROJECT}/", "")) from None
    if missing := [name for name in SHOWN if name not in environments]:
        msg = f"environments/{missing[0]}.yaml is missing; the demo deploys {' and '.join(SHOWN)}"
        raise LocalAwsError(msg)
    return {name: environments[name] for name in SHOWN}
