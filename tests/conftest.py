"""What every test shares."""

import os
import sys
from pathlib import Path

# Node and the CDK command line of this checkout, whether or not its environment is activated.
_ROOT = Path(__file__).parent.parent
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.prefix) / "bin"), str(_ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
)
# The bundled template validation costs seconds; the tests that are about it turn it on.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("CDK_DISABLE_CLI_TELEMETRY", "true")
