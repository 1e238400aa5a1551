"""Command lines of the CDK CLI, the AWS CLI and crane.

- https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
- https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
- `cdk orphan` is unstable: https://github.com/aws/aws-cdk-cli/pull/1399
- https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_copy.md
"""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import KEY, OIDC_PROVIDER, PUBLIC_REPOSITORY
from ecr_constructs.model.partitions import registry_host
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.model.registry_id import RegistryId

IMPORT_KEYS = {KEY: "KeyId", OIDC_PROVIDER: "Arn"}
"""The identifiers of types whose resources are retained and have no name to be found by."""

_ORIGINAL, _COPY = "original.images.txt", "copy.images.txt"


def cdk(verb: str, stacks: Iterable[Template], *options: str) -> tuple[str, ...]:
    """Return ``cdk VERB`` for some stacks, or nothing if they are not known as constructs."""
    selectors = dict.fromkeys(stack.construct for stack in stacks)
    if not selectors or None in selectors:
        return ()
    return (shlex.join(["cdk", *verb.split(), *filter(None, selectors), *options]),)


def deploy_all(stacks: Sequence[Template], stage: str) -> tuple[str, ...]:
    """Return the deployment of a stage, or of an app without stages, to which stacks belong."""
    if not all(stack.construct for stack in stacks):
        return ()
    return (shlex.join(["cdk", "deploy", f"{stage}/**" if stage else "--all"]),)


def deploy(stacks: Iterable[Template]) -> tuple[str, ...]:
    """Return the deployment of some stacks, without those that they depend on."""
    return cdk("deploy", stacks, "--exclusively")


def take_over(stacks: Iterable[Template]) -> tuple[str, ...]:
    """Return the deployment of some stacks, which imports the repositories that exist."""
    return cdk("deploy", stacks, "--import-existing-resources")


def delete_stacks(stacks: Sequence[Template]) -> tuple[str, ...]:
    """Return the deletion of stacks that are no longer in the app."""
    if any(stack.stack_name is None for stack in stacks):
        return ()
    accounts = {stack.account for stack in stacks}
    commands = []
    for stack in stacks:
        where = ["--stack-name", str(stack.stack_name), *in_region(stack.region)]
        commands += account_note(stack.account, accounts)
        verbs = ["delete-stack", "wait stack-delete-complete"]
        if stack.termination_protection:
            verbs.insert(0, "update-termination-protection --no-enable-termination-protection")
        commands += [shlex.join(["aws", "cloudformation", *verb.split(), *where]) for verb in verbs]
    return tuple(commands)


def record(source: Template, old: Resource, new: Resource, file: str) -> str:
    """Return the command that writes the mapping for `import_resource`."""
    key = IMPORT_KEYS[old.type]
    query = f"{{{json.dumps(new.id)}: {{{key}: StackResourceDetail.PhysicalResourceId}}}}"
    where = ["--stack-name", str(source.stack_name), "--logical-resource-id", old.id]
    words = ["aws", "cloudformation", "describe-stack-resource", *where, *in_region(source.region)]
    return f"{shlex.join([*words, '--query', query, '--output', 'json'])} > {shlex.quote(file)}"


def import_resource(target: Template, file: str) -> tuple[str, ...]:
    """Return the import of what a mapping file names."""
    return cdk("import", [target], "--resource-mapping", file, "--force")


def orphan(paths: Iterable[str], app: str) -> str:
    """Return the command that detaches constructs from their stacks."""
    words = ["cdk", "orphan", *paths, "--app", app, "--unstable=orphan", "--yes"]
    return shlex.join(words)


def account_note(account: str | None, accounts: Collection[str | None]) -> list[str]:
    """Return a comment that names the account of the next commands, if there are several."""
    return [f"# with credentials of account {account}"] if account and len(accounts) > 1 else []


def in_region(region: str | None) -> list[str]:
    """Return the option for a Region, if it is known."""
    return ["--region", region] if region else []


def by_registry(
    repositories: Iterable[Resource],
) -> Mapping[tuple[str | None, str | None], list[Resource]]:
    """Return repositories by account and Region."""
    grouped: dict[tuple[str | None, str | None], list[Resource]] = defaultdict(list)
    for repository in repositories:
        grouped[repository.stack.account, repository.stack.region].append(repository)
    return grouped


def for_each(names: Sequence[str], words: Sequence[str]) -> str:
    """Return a command for some names, which take the place of ``$name`` in its words."""
    if len(names) == 1:
        return shlex.join(word.replace("$name", names[0]) for word in words)
    command = " ".join(f'"{word}"' if "$name" in word else shlex.quote(word) for word in words)
    return f"for name in {shlex.join(names)}; do {command}; done"


def last_pulls(repositories: Iterable[Resource]) -> tuple[str, ...]:
    """Return the commands that print when private repositories were pulled last."""
    query = "sort(imageDetails[?lastRecordedPullTime].lastRecordedPullTime)[-1]"
    private = [item for item in repositories if item.type != PUBLIC_REPOSITORY]
    return per_repository(private, "describe-images", "--query", query, "--output", "text")


def per_repository(
    repositories: Iterable[Resource], operation: str, *options: str
) -> tuple[str, ...]:
    """Return a command of the AWS CLI for repositories, once in each registry."""
    registries = by_registry(repositories)
    accounts = {account for account, _ in registries}
    commands: list[str] = []
    for (account, region), members in registries.items():
        commands += account_note(account, accounts)
        by_service: dict[str, list[str]] = defaultdict(list)
        for repository in members:
            service = "ecr-public" if repository.type == PUBLIC_REPOSITORY else "ecr"
            by_service[service].append(str(repository.text("RepositoryName")))
        for service, names in by_service.items():
            where = in_region(PUBLIC_REGION if service == "ecr-public" else region)
            words = ["aws", service, operation, *where, "--repository-name", "$name", *options]
            commands.append(for_each(names, words))
    return tuple(commands)


def encryptions(repositories: Iterable[Resource]) -> tuple[str, ...]:
    """Return the commands that print how private repositories are encrypted."""
    query = "repositories[].[repositoryName, encryptionConfiguration]"
    commands: list[str] = []
    registries = by_registry(repositories)
    accounts = {account for account, _ in registries}
    for (account, region), members in registries.items():
        names = [str(item.text("RepositoryName")) for item in members]
        words = ["aws", "ecr", "describe-repositories", *in_region(region)]
        options = ["--repository-names", *names, "--query", query]
        commands += [*account_note(account, accounts), shlex.join([*words, *options])]
    return tuple(commands)


def copies(names: Iterable[tuple[RegistryId | None, str, str]], *options: str) -> tuple[str, ...]:
    """Return the commands that copy all tagged images within registries.

    Args:
        names: Registry, old and new name of each repository.
        options: Further options of ``crane copy``.

    Returns:
        The commands, with a login to each registry; none if a registry is not known.
    """
    commands: list[str] = []
    logged_in: set[RegistryId] = set()
    listed = list(names)
    accounts = {registry.account for registry, _, _ in listed if registry}
    for registry, old, new in listed:
        if registry is None or (host := _host(registry)) is None:
            return ()
        if registry not in logged_in:
            logged_in.add(registry)
            commands += account_note(registry.account, accounts)
            password = ["aws", "ecr", "get-login-password", "--region", registry.region]
            user = ["crane", "auth", "login", "--username", "AWS", "--password-stdin", host]
            commands.append(f"{shlex.join(password)} | {shlex.join(user)}")
        words = ["crane", "copy", "--all-tags", *options, f"{host}/{old}", f"{host}/{new}"]
        commands.append(shlex.join(words))
    return tuple(commands)


def missing(names: Iterable[tuple[RegistryId | None, str, str]]) -> tuple[str, ...]:
    """Return the commands that print what a copy does not have, and fail if there is something.

    The files have the same names for each repository: a name that is made from that of a
    repository can be longer than a file system allows, or be that of another one.

    Args:
        names: Registry, name of the original and of the copy of each repository.

    Returns:
        The commands; none if a registry is not known.
    """
    commands: list[str] = []
    listed = list(names)
    accounts = {registry.account for registry, _, _ in listed if registry}
    for registry, original, copy in listed:
        if registry is None:
            return ()
        commands += account_note(registry.account, accounts)
        for name, file in ((original, _ORIGINAL), (copy, _COPY)):
            where = ["--region", registry.region, "--repository-name", name]
            query = ["--query", "imageIds[?imageTag].[imageTag,imageDigest]", "--output", "text"]
            commands.append(f"{shlex.join(['aws', 'ecr', 'list-images', *where, *query])} > {file}")
        # No pipe, which would hide that the list of the original could not be read.
        commands.append(f"if grep -vxFf {_COPY} {_ORIGINAL}; then false; fi")
    return tuple(commands)


def by_name(
    operation: str, names: Iterable[tuple[RegistryId | None, str]], *options: str
) -> tuple[str, ...]:
    """Return a command of the AWS CLI for each of some private repositories."""
    by_registry: dict[RegistryId | None, list[str]] = defaultdict(list)
    for registry, name in names:
        by_registry[registry].append(name)
    accounts = {registry.account for registry in by_registry if registry}
    commands: list[str] = []
    for registry, members in by_registry.items():
        commands += account_note(registry and registry.account, accounts)
        where = in_region(registry.region if registry else None)
        words = ["aws", "ecr", operation, *where, "--repository-name", "$name", *options]
        commands.append(for_each(members, words))
    return tuple(commands)


def _host(registry: RegistryId) -> str | None:
    """Return the host of a registry; None if an account or Region is not one."""
    try:
        return registry_host(*registry)
    except ValidationError:
        return None
