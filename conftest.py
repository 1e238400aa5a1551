"""What every test shares; and the examples of README.md and docs/, which are run."""

import gc
import os
import shlex
import signal
import sys
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from local_aws import environment

# To look for garbage among all that is imported would take a tenth of the time of the tests.
gc.disable()
# Before anything starts Node, which reads its environment then.
# Node and the CDK command line of this checkout, whether or not its environment is activated.
_ROOT = Path(__file__).parent
_TOOLS = [str(Path(sys.prefix) / "bin"), str(_ROOT / "node_modules" / ".bin")]
os.environ["PATH"] = os.pathsep.join([*_TOOLS, os.environ["PATH"]])
# Whatever the developer's shell holds, no test finds the way to a real account.
environment.remove_users_settings()
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_ENDPOINT_URL"] = environment.NOWHERE
# The bundled template validation costs seconds; the tests that are about it turn it on.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ.setdefault("CDK_DISABLE_CLI_TELEMETRY", "true")
# A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that; the tests
# that send one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402
import yaml  # noqa: E402
from hypothesis import is_hypothesis_test, settings  # noqa: E402
from sybil import Example, Sybil  # noqa: E402
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser  # noqa: E402

from ecr_constructs.cli.main import main as ecr_constructs  # noqa: E402
from ecr_constructs.environment.lifecycle_rules import Rule  # noqa: E402
from ecr_constructs.environment.loading import load_environment  # noqa: E402

# A failure that the nightly run finds becomes an @example. No deadline: machines may be busy.
settings.register_profile("local", deadline=None, derandomize=True, max_examples=15)
# `make test` runs each test with more examples; this is for the coverage of all tests.
settings.register_profile("few", deadline=None, derandomize=True, max_examples=8)
settings.register_profile("nightly", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "local"))


def _environment_file(example: Example) -> None:
    """Read a YAML example as the file, or the part of one, that it shows."""
    shown = yaml.safe_load(example.parsed)
    if list(shown) == ["lifecycle"]:
        assert [Rule.model_validate(rule).rule() for rule in shown["lifecycle"]]
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "prod.yaml"
        path.write_text(example.parsed, encoding="utf-8")
        load_environment(path)


def _command(example: Example) -> None:
    """Run the command of a console example, and compare its output; ``...`` ends a part of it."""
    command, _, shown = example.parsed.replace("\\\n", " ").partition("\n")
    if command.startswith("$ ecr-constructs "):
        printed = StringIO()
        with chdir(_ROOT), redirect_stdout(printed):
            ecr_constructs(shlex.split(command)[2:])
        beginning, omitted, _ = shown.partition("...\n")
        assert beginning == (
            printed.getvalue()[: len(beginning)] if omitted else printed.getvalue()
        )


# At collection, since xdist reads the marks before any conftest's pytest_collection_modifyitems.
def pytest_itemcollected(item: pytest.Item) -> None:
    """Say which tests one worker runs: all of the embedded AWS, and all of a file.

    Starting an AWS takes seconds, the tests of a file share what they synthesize, and the later
    examples of a document use what the earlier ones define.
    """
    if "local_aws" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.integration)
        item.add_marker(pytest.mark.xdist_group("embedded-aws"))
    elif not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    # Random examples reach a line or do not, and tracing makes what they need to draw much slower.
    if is_hypothesis_test(getattr(item, "obj", None)):
        item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Look for garbage among what the tests make, not among what has been imported."""
    gc.freeze()
    gc.enable()


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        CodeBlockParser("yaml", _environment_file),
        CodeBlockParser("console", _command),
    ],
    patterns=["README.md", "docs/**/*.md"],
).pytest()
