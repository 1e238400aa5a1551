"""Where the project keeps the scripts that the embedded AWS needs."""

from __future__ import annotations

from pathlib import Path

from local_aws import LocalAwsError

PROJECT = Path(__file__).resolve().parent.parent
SERVER_PYTHON = PROJECT / ".venv-local-aws" / "bin" / "python"
AWS_CLI = SERVER_PYTHON.with_name("aws")
DEVELOPMENT_BIN = PROJECT / ".venv" / "bin"
NODE_BIN = PROJECT / "node_modules" / ".bin"
NODE = DEVELOPMENT_BIN / "node"
CDK = NODE_BIN / "cdk"
CDK_HOME = PROJECT / ".cdk"
# The home folder of child processes. It outlives them: jsii keeps unpacked libraries in it.
HOME = CDK_HOME / "home"
STATE_FILE = PROJECT / ".local-aws" / "server.json"


def required(*scripts: Path) -> None:
    """Make sure that the scripts are installed."""
    for tool in scripts:
        if not tool.exists():
            shown = tool.relative_to(PROJECT) if tool.is_relative_to(PROJECT) else tool
            msg = f"{shown} is missing. Run: make install"
            raise LocalAwsError(msg)
