"""Tell the demo from its first line to its last."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.environment.source import EnvironmentFileError
from ecr_constructs.model.partitions import registry_host
from local_aws import LocalAwsError, images, paths
from local_aws.child import child
from local_aws.demo import inventory, operations, screen
from local_aws.demo.inventory import short
from local_aws.demo.pushes import push_all
from local_aws.process import LocalAws, announced
from local_aws.registry import RegistryRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.demo.inventory import Repository
    from local_aws.endpoint import Endpoint

    Environments = Mapping[str, ResolvedEnvironment]

SHOWN = ("dev", "prod")
FILES = "environments/dev.yaml and environments/prod.yaml"
PATTERNS = ("Dev/**", "Prod/**")
# The release that is pushed to prod.
REPOSITORY, TAG = "payments/api", "v1.0.0"
MEMBER, STRANGER = "555566667777", "777788889999"
_LAST_LINES = 20


def tell(*, port: int | None, keep: bool, ignored: Sequence[str] = ()) -> None:
    """Deploy dev and prod to an AWS of their own, push to them, and show what exists.

    The embedded AWS listens on `port`, or a free one; with `keep` it runs on until Ctrl-C.
    `ignored` are the names of the user's variables that lead to another AWS, or to a proxy.
    """
    paths.required(paths.SERVER_PYTHON, paths.NODE, paths.CDK)
    screen.heading("The container registries of dev and prod, on an AWS inside this laptop")
    if ignored:
        screen.say(f"Not used, so that nothing real is touched: your {', '.join(ignored)}.")
    # Before anything takes time: the port may be in use.
    aws = LocalAws(port=port)
    with ExitStack() as stack:
        chosen = _start(aws, stack, keep=keep)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ecr-demo-")))
        screen.heading("Deploying")
        _deploy(aws, chosen["dev"], folder)
        screen.heading("Pushing")
        screen.say(
            "The commands are those of `ecr-constructs push-commands`, and of buildx. No Docker is "
            "needed: an OCI client sends the same to this laptop. A job of GitHub Actions presents "
            "a token instead of a secret; the demo makes it without a signature, and the embedded "
            "AWS compares its claims with the trust policy of the push role."
        )
        for name, environment in chosen.items():
            push_all(aws, name, environment)
        _pull(aws, "prod", chosen["prod"])
        for name, environment in chosen.items():
            _show_replicas(aws, name, environment)
        for name, environment in chosen.items():
            registry = environment.home
            repositories = inventory.read(aws, environment, registry)
            screen.heading(
                f"What exists in {name}: {len(repositories)} repositories in {registry.region}, "
                f"account {registry.account}"
            )
            inventory.show(repositories)
        operations.show(aws, chosen["prod"], folder, "Prod", f"{REPOSITORY}:{TAG}")
        _end(aws, chosen["dev"], keep=keep)
    screen.result("The embedded AWS has stopped, and nothing of it is left.")


def _read() -> Environments:
    """Load dev and prod as `app.py` does: together with all other files."""
    try:
        environments = load_environments(paths.PROJECT / "environments")
    except EnvironmentFileError as error:
        raise LocalAwsError(str(error).replace(f"{paths.PROJECT}/", "")) from None
    if missing := [name for name in SHOWN if name not in environments]:
        msg = f"environments/{missing[0]}.yaml is missing; the demo deploys {' and '.join(SHOWN)}"
        raise LocalAwsError(msg)
    return {name: environments[name] for name in SHOWN}


def _start(aws: LocalAws, stack: ExitStack, *, keep: bool) -> Environments:
    with screen.step(f"Reading {FILES}") as done:
        chosen = _read()
        count = sum(len(environment.repositories) for environment in chosen.values())
        done(f"{FILES}: {count} repositories")
    registries = [registry for entry in chosen.values() for registry in entry.registries]
    members: dict[str, list[str]] = {}
    for entry in chosen.values():
        if entry.organization:
            accounts = [registry.account for registry in entry.registries]
            members.setdefault(entry.organization, [MEMBER]).extend(accounts)
    aws.organizations = members
    with screen.step("Starting the embedded AWS") as done:
        stack.enter_context(aws)
        if keep:
            stack.enter_context(announced(aws))
        done(f"The embedded AWS is at {aws.endpoint_url}")
    pairs = f"{len(registries)} pairs of account and Region"
    with screen.step(f"Running `cdk bootstrap` for {pairs}") as done:
        aws.bootstrap(registries, trust=registries[0].account)
        done(f"{pairs} are bootstrapped")
    return chosen


def _deploy(aws: Endpoint, first: ResolvedEnvironment, folder: Path) -> None:
    """Deploy with the real CDK CLI; the account of the first environment deploys to all."""
    arguments = ["deploy", *PATTERNS, "--require-approval=never", "--concurrency=4"]
    arguments += ["--no-notices", f"--output={folder}/cdk.out"]
    # The template validation costs six seconds, and the tests run it on these environments.
    env = aws.env(account=first.account, region=first.region)
    env |= {"CDK_VALIDATION": "false", "NO_COLOR": "1"}
    screen.command(f"CDK_VALIDATION=false cdk {shlex.join(arguments)}")
    log: list[str] = []
    with (
        screen.step("Synthesizing with `python app.py`, then deploying") as done,
        child([str(paths.CDK), *arguments], cwd=paths.PROJECT, env=env) as process,
    ):
        count = 0
        for line in process.stdout or ():
            log.append(line)
            if stack := re.match(r"\s*✅\s+(\S+) \((\S+)\)", line):
                screen.result(f"{stack[1]:<46} stack {stack[2]}")
                count += 1
        if process.wait():
            tail = "".join(log[-_LAST_LINES:]).rstrip()
            msg = f"cdk deploy failed. The end of its output:\n{tail}"
            raise LocalAwsError(msg)
        done(f"{count} stacks deployed")


def _pull(aws: Endpoint, name: str, environment: ResolvedEnvironment) -> None:
    """Pull the release as several callers."""
    account, region = environment.account, environment.region
    screen.heading(f"Pulling from {name}")
    screen.say(
        f"The embedded AWS has no Organizations service. It is configured with account {MEMBER} as "
        f"a member, and without {STRANGER}."
    )
    screen.command(f"docker pull {registry_host(account, region)}/{REPOSITORY}:{TAG}")
    for who, caller in _pullers(aws, environment):
        try:
            digest = aws.registry(account, region, caller=caller).pull(REPOSITORY, TAG).digest
            screen.result(f"{who}: {short(digest)}")
        except RegistryRejectedError as rejection:
            screen.result(f"{who}: {rejection}", good=False)
        except ClientError as error:
            screen.result(f"{who}: {error.response['Error']['Message']}", good=False)


def _pullers(aws: Endpoint, environment: ResolvedEnvironment) -> Iterator[tuple[str, str]]:
    account, region, name = environment.account, environment.region, "without-grants"
    yield f"account {MEMBER}", MEMBER
    yield f"account {STRANGER}", STRANGER
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = aws.client("iam", account=account, region=region)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    sts = aws.client("sts", account=account, region=region)
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="pull")
    yield f"role {name} of account {account}", session["Credentials"]["AccessKeyId"]


def _show_replicas(aws: Endpoint, name: str, environment: ResolvedEnvironment) -> None:
    """Show the release in each replica, and push another image under its tag there."""
    pushed = _release(inventory.read(aws, environment, environment.home))
    for registry in environment.replicas:
        account, region = registry.account, registry.region
        screen.heading(f"Arrived in the replica of {name} in {region}, account {account}")
        repositories = inventory.read(aws, environment, registry)
        screen.say(f"{len(repositories)} repositories, created before the first image was copied.")
        arrived = _release(repositories)
        if not arrived or not pushed:
            screen.result(f"{REPOSITORY}:{TAG} has not arrived", good=False)
            continue
        repository, digest = arrived
        same = "the same" if digest == pushed[1] else "another"
        screen.result(f"{REPOSITORY}:{TAG} is {short(digest)}, {same} as at home")
        screen.say(f"own key: {repository.key}")
        kept = "as at home" if repository.retention == pushed[0].retention else "its own"
        screen.say(f"tags: {repository.mutability}; retention: {kept}, by a policy of its own")
        try:
            changed = images.image("payments API, pushed to a replica")
            aws.registry(account, region).push(f"{REPOSITORY}:{TAG}", changed)
        except RegistryRejectedError as rejection:
            screen.result(str(rejection), good=False)


def _release(repositories: Sequence[Repository]) -> tuple[Repository, str] | None:
    for repository in repositories:
        for image in repository.images:
            if repository.name == REPOSITORY and TAG in image.get("imageTags", []):
                return repository, str(image["imageDigest"])
    return None


def _end(aws: LocalAws, environment: ResolvedEnvironment, *, keep: bool) -> None:
    screen.heading("To destroy it")
    for pattern in reversed(PATTERNS):
        screen.command(f"cdk destroy {shlex.quote(pattern)}")
    screen.say(
        "That deletes the stacks. Repositories with their images, and the key, are retained, and "
        "so are the OIDC providers: delete them by hand when they are no longer needed.\n\n"
        "Change environments/*.yaml as you like, and run `make demo` again."
    )
    if not keep:
        screen.say("All of it disappears now, with the embedded AWS.")
        return
    screen.heading(f"It keeps running at {aws.endpoint_url}. In another terminal:")
    options = f"--account {environment.account} --region {environment.region}"
    run = f".venv/bin/python -m local_aws run {options} --"
    screen.command(f"{run} aws ecr describe-repositories")
    screen.command(f"{run} cdk diff 'Dev/**' 'Prod/**'")
    screen.say("Ctrl-C stops it.")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    screen.say("")
