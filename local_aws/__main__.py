"""The command line of the embedded AWS: `python -m local_aws start`, `run`, `env`, `demo`."""

# ruff: noqa: PLC0415 - the commands import what they need: `--help` and Ctrl-C do not wait for it

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws import LocalAwsError, environment
from local_aws.environment import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any, NoReturn

LAST_PORT = 65535
ORGANIZATION = f"o-a1b2c3d4e5={ACCOUNT},222233334444"
# What a shell reports of a command that Ctrl-C ended, that is not there, that is no program.
INTERRUPTED, NOT_FOUND, NOT_EXECUTABLE = 130, 127, 126


def start(arguments: argparse.Namespace) -> None:
    """Run until Ctrl-C."""
    from local_aws.process import LocalAws, announced

    environment.remove_users_settings()
    organizations = dict(arguments.organization)
    server = LocalAws(
        port=arguments.port, organizations=organizations, scan_findings=arguments.scan_findings
    )
    with server as aws, announced(aws):
        if arguments.bootstrap:
            print(f"Bootstrapping {len(arguments.bootstrap)} environments", flush=True)
            trust = arguments.bootstrap[0][0]
            aws.bootstrap(arguments.bootstrap, trust=trust)
        print(f"The embedded AWS is at {aws.endpoint_url}. In another terminal:\n")
        print(f"  {sys.executable} -m local_aws run -- cdk deploy ...\n")
        print("Ctrl-C stops it, and nothing of it stays.", flush=True)
        threading.Event().wait()


def run(arguments: argparse.Namespace) -> NoReturn:
    """Run a command against it, with nothing in its environment that leads to another AWS."""
    from local_aws.endpoint import find

    program, *_ = command = arguments.command
    account, region = arguments.account, arguments.region
    variables = find().env(account=account, region=region, users_app=True)
    sys.stdout.flush()
    # It takes the place of this process: signals, terminal and exit code are its own.
    try:
        os.execvpe(program, command, variables)  # noqa: S606 - the user's own command
    except FileNotFoundError:
        print(f"local_aws: {program} is not found on the PATH", file=sys.stderr)
        raise SystemExit(NOT_FOUND) from None
    except (OSError, ValueError) as error:
        print(f"local_aws: {program} cannot be run: {error}", file=sys.stderr)
        raise SystemExit(NOT_EXECUTABLE) from None


def env(arguments: argparse.Namespace) -> None:
    """Print the shell lines that point the CDK CLI, the AWS CLI and boto3 at it.

    Without a running one they point nowhere, and fail.
    """
    from local_aws.endpoint import find

    settings = find().settings(account=arguments.account, region=arguments.region)
    print("\n".join(environment.shell_lines(settings)), flush=True)


def demo(arguments: argparse.Namespace) -> None:
    """Deploy dev and prod to an AWS on this laptop, push images, show what exists."""
    ignored = sorted(filter(environment.chooses_an_account, os.environ))
    environment.remove_users_settings()
    try:
        with _one_interrupt():
            from local_aws.demo import story

            story.tell(port=arguments.port, keep=arguments.keep, ignored=ignored)
    except KeyboardInterrupt:
        print("\nInterrupted: everything is stopped, and nothing of it is left.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """End the block at the first Ctrl-C, and let no other interrupt what cleans up after it."""

    def interrupt(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        # After Ctrl-C the process is about to end, and goes on ignoring it.
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, before)


def parser() -> argparse.ArgumentParser:
    """Return the parser; each command is a function of this module."""
    top = argparse.ArgumentParser(
        prog="python -m local_aws", description="An AWS on this laptop.", allow_abbrev=False
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    started = commands.add_parser("start", help="run it until Ctrl-C", description=start.__doc__)
    wrapped = commands.add_parser(
        "run",
        help="run a command against it",
        description=run.__doc__,
        usage="%(prog)s [-h] [--account ACCOUNT] [--region REGION] -- COMMAND [ARGUMENT ...]",
    )
    printed = commands.add_parser("env", help="print what to export", description=env.__doc__)
    story = commands.add_parser("demo", help=demo.__doc__, description=demo.__doc__)
    functions = ((started, start), (wrapped, run), (printed, env), (story, demo))
    for command, function in functions:
        command.set_defaults(function=function)
    for command in (started, story):
        command.add_argument("--port", type=_port, help="default, and 0: a free one")
    started.add_argument(
        "--bootstrap",
        nargs="+",
        type=_environment,
        default=[],
        metavar="ACCOUNT/REGION",
        help="run cdk bootstrap for these; the account of the first deploys to all",
    )
    started.add_argument(
        "--organization",
        action="append",
        type=_organization,
        default=[],
        metavar="ID=ACCOUNT,ACCOUNT",
        help="the accounts of an organization; others are in none",
    )
    started.add_argument(
        "--scan-findings",
        type=Path,
        metavar="FILE",
        help='what scans find: {"findings": [{"image": "api:v1", "vulnerability": "CVE-2026-0001", '
        '"severity": "HIGH", "package": "openssl"}]}',
    )
    for command in (wrapped, printed):
        command.add_argument(
            "--account", type=_account, default=ACCOUNT, help="default: %(default)s"
        )
        command.add_argument("--region", type=_region, default=REGION, help="default: %(default)s")
    wrapped.add_argument("command", nargs="+", metavar="COMMAND", help="such as: cdk deploy")
    story.add_argument("--keep", action="store_true", help="go on running until Ctrl-C")
    return top


class _Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviation of an option."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > LAST_PORT:
        msg = f"{text!r} is not a port: use a number from 0, which takes a free one, to {LAST_PORT}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]", text):
        msg = f"{text!r} is not a Region: write one such as {REGION}"
        raise argparse.ArgumentTypeError(msg)
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        msg = f"{text!r} is not an account: use twelve digits, such as {ACCOUNT}"
        raise argparse.ArgumentTypeError(msg)
    return text


def _environment(text: str) -> tuple[str, str]:
    account, _, region = text.partition("/")
    if not region:
        msg = f"{text!r} is not an environment: write ACCOUNT/REGION, such as {ACCOUNT}/{REGION}"
        raise argparse.ArgumentTypeError(msg)
    return _account(account), _region(region)


def _organization(text: str) -> tuple[str, list[str]]:
    organization, _, accounts = text.partition("=")
    if not re.fullmatch(r"o-[a-z0-9]{10,32}", organization):
        msg = f"{text!r} is not an organization: write ID=ACCOUNT,ACCOUNT, such as {ORGANIZATION}"
        raise argparse.ArgumentTypeError(msg)
    return organization, [_account(account) for account in accounts.split(",")]


def main(argv: list[str] | None = None) -> int:
    """Run a command; return the exit code: 2 for what the user must change."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["env"] and not {"-h", "--help"} & set(given):
        return _closing(given)
    return _main(given)


def _closing(argv: list[str]) -> int:
    """Run `env`; whatever it fails of, the lines that it prints close the shell."""
    code: int | str | None = 1
    try:
        code = _main(argv)
    except SystemExit as leaving:
        code = leaving.code
        raise
    finally:
        if code:
            # Nothing can be said on a full disk or to a closed pipe; the status says it.
            with suppress(OSError):
                print("\n".join(environment.closed_shell_lines()), flush=True)
    return int(code)


def _main(argv: list[str]) -> int:
    arguments = parser().parse_args(argv)
    try:
        arguments.function(arguments)
    except LocalAwsError as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED if arguments.function is env else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
