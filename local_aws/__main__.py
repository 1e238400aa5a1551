"""The command line of the embedded AWS: `python -m local_aws start`, `env`, `demo`."""

# ruff: noqa: PLC0415 - the commands import what they need: `--help` and Ctrl-C do not wait for it

from __future__ import annotations

import argparse
import re
import shlex
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_aws import LocalAwsError, paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ACCOUNT = "111122223333"
REGION = "us-east-1"
ORGANIZATION = f"o-a1b2c3d4e5={ACCOUNT},222233334444"
# What a shell reports of a command that Ctrl-C ended.
INTERRUPTED = 130


def start(arguments: argparse.Namespace) -> None:
    """Run until Ctrl-C."""
    from local_aws.process import LocalAws, announced

    organizations = dict(arguments.organization)
    with LocalAws(port=arguments.port, organizations=organizations) as aws, announced(aws):
        if arguments.bootstrap:
            print(f"Bootstrapping {len(arguments.bootstrap)} environments", flush=True)
            trust = arguments.bootstrap[0][0]
            aws.bootstrap(arguments.bootstrap, trust=trust)
        print(f"The embedded AWS is at {aws.endpoint_url}. In another terminal:\n")
        print(f'  eval "$({sys.executable} -m local_aws env)"')
        print("  cdk deploy ...\n")
        print("Ctrl-C stops it, and nothing of it stays.", flush=True)
        threading.Event().wait()


def env(arguments: argparse.Namespace) -> None:
    """Print the shell lines that point the CDK CLI, the AWS CLI and boto3 at it."""
    from local_aws.endpoint import find

    endpoint = find()
    # A profile would win over the keys.
    print("unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN")
    settings = endpoint.settings(account=arguments.account, region=arguments.region)
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f'export PATH={shlex.quote(f"{paths.DEVELOPMENT_BIN}:{paths.NODE_BIN}")}:"$PATH"')


def demo(arguments: argparse.Namespace) -> None:
    """Deploy dev and prod to an AWS on this laptop, push images, show what exists."""
    try:
        with _one_interrupt():
            from local_aws.demo import story

            story.tell(port=arguments.port, keep=arguments.keep)
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
    top = argparse.ArgumentParser(prog="python -m local_aws", description="An AWS on this laptop.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    started = commands.add_parser("start", help="run it until Ctrl-C", description=start.__doc__)
    printed = commands.add_parser("env", help="print what to export", description=env.__doc__)
    story = commands.add_parser("demo", help=demo.__doc__, description=demo.__doc__)
    for command, run in ((started, start), (printed, env), (story, demo)):
        command.set_defaults(run=run)
    for command in (started, story):
        command.add_argument("--port", type=int, help="default: a free one")
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
    printed.add_argument("--account", type=_account, default=ACCOUNT, help="default: %(default)s")
    printed.add_argument("--region", default=REGION, help="default: %(default)s")
    story.add_argument("--keep", action="store_true", help="go on running until Ctrl-C")
    return top


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        msg = f"{text!r} is not an account: use twelve digits, such as {ACCOUNT}"
        raise argparse.ArgumentTypeError(msg)
    return text


def _environment(text: str) -> tuple[str, str]:
    account, _, region = text.partition("/")
    if not region:
        msg = f"{text!r} is not an environment: write ACCOUNT/REGION, such as {ACCOUNT}/{REGION}"
        raise argparse.ArgumentTypeError(msg)
    return _account(account), region


def _organization(text: str) -> tuple[str, list[str]]:
    organization, _, accounts = text.partition("=")
    if not re.fullmatch(r"o-[a-z0-9]{10,32}", organization):
        msg = f"{text!r} is not an organization: write ID=ACCOUNT,ACCOUNT, such as {ORGANIZATION}"
        raise argparse.ArgumentTypeError(msg)
    return organization, [_account(account) for account in accounts.split(",")]


def main(argv: list[str] | None = None) -> int:
    """Run a command; return the exit code: 2 for what the user must change."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except LocalAwsError as error:
        print(f"local_aws: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
