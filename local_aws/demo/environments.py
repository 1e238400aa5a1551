"""Read and validate the environment files in a separate process.

Validation loads aws-cdk-lib, which starts Node. Ctrl-C would reach that Node too: it would leave
its files behind, and jsii would report it with a traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import TypeAdapter

from ecr_constructs.environment.models import Environment
from local_aws import paths
from local_aws.child import child
from local_aws.errors import LocalAwsError

SOURCE = Path("environments")
SHOWN = ("dev", "prod")
_INVALID = 2
_ADAPTER = TypeAdapter(dict[str, Environment])


def read(folder: Path) -> dict[str, Environment]:
    """Read dev and prod, validated as `app.py` does: together with all other files.

    Args:
        folder: Where a file may be written.

    Raises:
        LocalAwsError: A file is wrong or missing; a line for each error.
    """
    answer = folder / "environments.json"
    command = [sys.executable, "-m", __spec__.name, str(SOURCE), str(answer)]
    with child(command, cwd=paths.PROJECT, env=os.environ) as process:
        output, _ = process.communicate()
    if process.returncode:
        raise LocalAwsError(output.strip())
    environments = _ADAPTER.validate_json(answer.read_bytes())
    if missing := [name for name in SHOWN if name not in environments]:
        msg = f"{SOURCE / missing[0]}.yaml is missing; the demo deploys {' and '.join(SHOWN)}"
        raise LocalAwsError(msg)
    return {name: environments[name] for name in SHOWN}


def main(source: str, answer: str) -> int:
    """Write the environments of a folder to a file, or print their errors."""
    from ecr_constructs.environment.loading import load_environments  # noqa: PLC0415 - it starts Node
    from ecr_constructs.environment.yaml_file import EnvironmentFileError  # noqa: PLC0415

    try:
        environments = load_environments(Path(source))
    except EnvironmentFileError as error:
        print(error)
        return _INVALID
    Path(answer).write_bytes(_ADAPTER.dump_json(environments, exclude_none=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
