"""The demo from its first line to its last."""

from __future__ import annotations

import os
import shlex
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws import paths, running
from local_aws.demo import environments, inventory, pulls, tables
from local_aws.demo import replicas as replicas_of
from local_aws.demo.deploy import deploy
from local_aws.demo.pushes import push_all
from local_aws.demo.screen import Screen
from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecr_constructs.environment.resolution import ResolvedEnvironment

# The stacks of the environments that are read.
PATTERNS = ("Dev/**", "Prod/**")


def tell(*, port: int | None, keep: bool) -> None:
    """Deploy dev and prod to an AWS of their own, push to them, and show what exists.

    Args:
        port: The port of the embedded AWS; None for a free one.
        keep: Whether it goes on running until Ctrl-C.

    Raises:
        LocalAwsError: What the user must know and can change.
    """
    paths.required(paths.SERVER_PYTHON, paths.NODE, paths.CDK)
    screen = Screen()
    screen.heading("The container registries of dev and prod, on an AWS inside this laptop")
    if unused := sorted(name for name in os.environ if name.startswith("AWS_")):
        screen.say(f"Not used, so that nothing real is touched: your {', '.join(unused)}.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ecr-demo-")))
        # Before anything takes time: the port may be in use.
        aws = LocalAws(port=port)
        chosen = _read(screen)
        aws.organizations = pulls.organizations(chosen.values())
        _start(stack, screen, aws, keep=keep)
        _bootstrap(aws, screen, chosen)

        screen.heading("Deploying")
        deploy(aws, screen, list(chosen.values()), PATTERNS, folder)
        screen.heading("Pushing")
        screen.say(
            "The commands are those of `ecr-constructs push-commands`, and of buildx. No Docker is "
            "needed: an OCI client sends what they would, to this laptop. A job of GitHub Actions "
            "comes with a token in place of a secret; the demo makes it, and nobody signs it: the "
            "embedded AWS compares what it says with the trust policy of the push role."
        )
        for name, environment in chosen.items():
            push_all(aws, screen, name, environment)
        pulls.show(aws, screen, "prod", chosen["prod"])
        for name, environment in chosen.items():
            replicas_of.show(aws, screen, name, environment)
        for name, environment in chosen.items():
            _show(aws, screen, name, environment)
        _end(screen)
        if keep:
            _wait(aws, screen, chosen["dev"])
        else:
            screen.say("All of it goes away now, with the embedded AWS.")
    screen.good("The embedded AWS has stopped, and nothing of it is left.")


def _read(screen: Screen) -> dict[str, ResolvedEnvironment]:
    with screen.step("Reading environments/dev.yaml and environments/prod.yaml") as step:
        chosen = environments.read()
        number = sum(len(environment.repositories) for environment in chosen.values())
        step.done(f"environments/dev.yaml and environments/prod.yaml: {number} repositories")
    return chosen


def _start(stack: ExitStack, screen: Screen, aws: LocalAws, *, keep: bool) -> None:
    with screen.step("Starting the embedded AWS") as step:
        stack.enter_context(aws)
        if keep:
            stack.enter_context(running.announced(aws))
        step.done(f"The embedded AWS is at {aws.endpoint_url}")


def _bootstrap(aws: LocalAws, screen: Screen, chosen: Mapping[str, ResolvedEnvironment]) -> None:
    places = [registry for environment in chosen.values() for registry in environment.registries]
    shown = f"{len(places)} pairs of account and Region"
    with screen.step(f"Running `cdk bootstrap` for {shown}") as step:
        aws.bootstrap(places, trust=places[0][0])
        step.done(f"{shown} are bootstrapped")
    screen.say(", ".join("/".join(each) for each in places))


def _show(aws: LocalAws, screen: Screen, name: str, environment: ResolvedEnvironment) -> None:
    found = inventory.read(aws, environment, environment.home)
    screen.heading(
        f"What exists in {name}: {len(found)} repositories in {environment.region}, "
        f"account {environment.account}"
    )
    screen.table(tables.repositories(found))
    for key in dict.fromkeys(each.key for each in found if each.key):
        screen.say(f"own key: {key}")
    screen.table(tables.retention(found))
    screen.table(tables.images(found))


def _end(screen: Screen) -> None:
    screen.heading("To destroy it")
    for pattern in reversed(PATTERNS):
        screen.command(f"cdk destroy {shlex.quote(pattern)}")
    screen.say(
        "That deletes the stacks. Repositories with their images, and the key, are retained, "
        "and so are the OIDC providers: delete them by hand, once nobody needs them."
    )
    screen.gap()
    screen.say("Change what you like in environments/*.yaml, and run `make demo` again.")


def _wait(aws: LocalAws, screen: Screen, environment: ResolvedEnvironment) -> None:
    screen.heading(f"It goes on running at {aws.endpoint_url}. In another terminal:")
    chosen = f"--account {environment.account} --region {environment.region}"
    screen.command(f'eval "$(python -m local_aws env {chosen})"')
    screen.command("aws ecr describe-repositories")
    screen.command("cdk diff 'Dev/**' 'Prod/**'")
    screen.say("Ctrl-C stops it.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.gap()
