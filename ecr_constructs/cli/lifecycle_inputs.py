"""What ``lifecycle preview`` reads: from files, or from repositories of a live registry."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import (
    add_allow_incomplete,
    add_images,
    add_manifests,
    empty_option,
)
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_inventory, read_policy, read_text
from ecr_constructs.cli.output import note, progress
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.model.principals import account_id_errors

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from ecr_constructs.cli.files import NamedPolicy
    from ecr_constructs.cli.usage import RepositoryUses, Usage
    from ecr_constructs.live.connection import Connection
    from ecr_constructs.live.ecr import Repository
    from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy

# What fails for every repository of a registry.
_OF_THE_REGISTRY = frozenset(
    {"aws-answer-unreadable", "aws-credentials", "aws-unreachable", "throttled"}
)
_LIVE_OPTIONS = ("region", "profile", "account", "no_manifests", "service_preview")


@dataclass(frozen=True, slots=True)
class PreviewInput:
    """A repository whose policy is previewed.

    Attributes:
        policy: The policy.
        inventory: The images.
        old: The policy that it is compared with. None: with none.
        repository: The repository of a live registry. None: the input is from files.
        uses: Who uses which image. None: it is not asked.
    """

    policy: LifecyclePolicy
    inventory: Inventory
    old: LifecyclePolicy | None
    repository: Repository | None = None
    uses: RepositoryUses | None = None


@dataclass(slots=True)
class PreviewInputs:
    """The repositories that are previewed, and what could not be read.

    Attributes:
        options: The arguments.
        errors: The problems of repositories that cannot be read, each with the repository.
    """

    options: Namespace
    errors: list[tuple[str | None, Diagnostic]]

    @property
    def are_many(self) -> bool:
        """Whether several repositories were asked for, or a pattern."""
        names = self.options.live
        return len(names) > 1 or any("*" in name for name in names)

    def __iter__(self) -> Iterator[PreviewInput]:
        """Read one after the other; an error in one of several does not hide the others."""
        options = self.options
        policy = old = None
        named = None
        if options.policy is not None:
            named = read_policy(options.policy, options.repository)
            policy = named.accepted()
        if options.against:
            old = read_policy(options.against, options.repository).accepted()
        usage = None
        if options.in_use:
            from ecr_constructs.cli.usage import Usage  # noqa: PLC0415 - rarely needed

            usage = Usage(options.in_use)
        if usage is not None and not options.live and options.images is None:
            name = options.repository or (named.repository if named else None)
            images, stored = usage.repository(name)
            chosen = stored() if policy is None else policy
            yield PreviewInput(chosen, images.inventory(), old, uses=usage.of(images))
            return
        if not options.live:
            assert policy is not None
            assert named is not None
            inventory = read_inventory(
                options.images,
                options.manifests,
                repository=options.repository,
                allow_incomplete=options.allow_incomplete,
            )
            _require_images_of(named, inventory, options)
            yield PreviewInput(
                policy, inventory, old, uses=_uses(usage, inventory.repository_name, inventory)
            )
            return
        yield from self._live(policy, old, usage)

    def _live(
        self,
        policy: LifecyclePolicy | None,
        old: LifecyclePolicy | None,
        usage: Usage | None,
    ) -> Iterator[PreviewInput]:
        from ecr_constructs.live.ecr import Repository  # noqa: PLC0415 - boto3 is optional

        options = self.options
        manifests = options.manifests and read_text(options.manifests)
        connection = _connection(options)
        for name in connection.repository_names(options.live):
            source = None
            with self.isolated(name):
                repository = Repository(name, connection=connection)
                chosen = repository.policy() if policy is None else policy
                inventory = repository.inventory(
                    chosen,
                    manifests,
                    others=[] if old is None else [old],
                    read_manifests=not options.no_manifests,
                )
                uses = _uses(usage, name, inventory, connection.region)
                source = PreviewInput(chosen, inventory, old, repository, uses)
            if source is not None:
                yield source
            elif self.errors[-1][1].code in _OF_THE_REGISTRY:
                return

    @contextmanager
    def isolated(self, name: str | None) -> Iterator[None]:
        """Collect the error of one repository, if there are others whose reports it would hide."""
        try:
            yield
        except DiagnosticError as error:
            if not self.are_many:
                raise
            self.errors += ((name, item.within(f"{name}")) for item in error.diagnostics)


def _uses(
    usage: Usage | None, name: str | None, inventory: Inventory, region: str | None = None
) -> RepositoryUses | None:
    return None if usage is None else usage.named(name, inventory.registry_id, region)


def _connection(options: Namespace) -> Connection:
    from ecr_constructs.live.connection import Connection  # noqa: PLC0415 - boto3 is optional

    return Connection(
        options.region,
        account=options.account,
        profile=options.profile,
        progress=progress,
        note=note,
    )


def add_inputs(parser: ArgumentParser) -> None:
    """Add the images, from files or from live repositories."""
    inventory = parser.add_mutually_exclusive_group()
    add_images(inventory)
    inventory.add_argument(
        "--live",
        action="append",
        default=[],
        metavar="REPOSITORY",
        help="read the images from ECR, and the policy too without --policy; may be repeated, and "
        "be a pattern: 'payments/*', or '*' for the whole registry",
    )
    add_allow_incomplete(parser)
    add_manifests(parser)
    parser.add_argument("--region", help="with --live; default: the Region of the environment")
    parser.add_argument("--profile", metavar="NAME", help="with --live: the profile of the AWS CLI")
    parser.add_argument(
        "--account", metavar="ID", help="with --live: the account of the registry; default: yours"
    )
    parser.add_argument(
        "--no-manifests",
        action="store_true",
        help="with --live: do not read which images an index lists, which may count as a pull",
    )


def check_inputs(options: Namespace) -> PreviewInputs:
    """Return what the arguments ask for, before anything is read.

    Raises:
        CommandError: The arguments contradict each other, or one is empty.
    """
    live = options.live
    from_snapshot = options.in_use and options.images is None
    unless = "--policy or --template is required, unless --live reads the policy from ECR"
    problems = {
        "argument-empty": (_empty(options), f"{_empty(options)} is empty: is a variable not set?"),
        "policy-missing": (not (live or from_snapshot) and options.policy is None, unless),
        "images-missing": (
            not (live or options.in_use) and options.images is None,
            "--images or --live is required",
        ),
        **{
            f"{name.replace('_', '-')}-not-live": (
                not live and getattr(options, name),
                f"--{name.replace('_', '-')} needs --live",
            )
            for name in _LIVE_OPTIONS
        },
        "allow-incomplete-live": (
            live and options.allow_incomplete,
            "--allow-incomplete is for --images; --live reads all images",
        ),
        "manifests-conflict": (
            options.no_manifests and options.manifests,
            "give --manifests or --no-manifests",
        ),
        "format-ecr-only": (
            options.format == "ecr" and (options.explain or options.against or options.in_use),
            "--format ecr is the response of ECR, which has no --explain, --against and --in-use",
        ),
        "service-preview-now": (
            options.service_preview and options.now,
            "--service-preview asks ECR about the present: leave out --now",
        ),
    }
    for code, (is_wrong, message) in problems.items():
        if is_wrong:
            raise CommandError(Diagnostic(code, message))
    _check_names(options)
    return PreviewInputs(options, [])


def _empty(options: Namespace) -> str:
    """Return the first option that is given without a value, as by a variable that is not set."""
    names = ("policy", "repository", "images", "manifests", "against", *_LIVE_OPTIONS[:3])
    for name in ("live", "in_use"):
        if "" in getattr(options, name):
            return f"--{name.replace('_', '-')}"
    return empty_option(options, names)


def _require_images_of(policy: NamedPolicy, inventory: Inventory, options: Namespace) -> None:
    """Raise an error if the images are of another repository than the one that was chosen.

    The policy of a template may be tried on the images of another stage: that is a note.
    """
    chosen, listed = options.repository, inventory.repository_name
    if listed is None:
        return
    if policy.repository is not None:
        if policy.repository not in ("", listed):
            note(f"the policy is that of {policy.repository}, the images are of {listed}")
    elif chosen not in (None, listed):
        message = f"{options.images} holds images of {listed}, not of {chosen}"
        remedy = f"give the images of {chosen}, or leave out --repository"
        raise CommandError(Diagnostic("inventory-repository-other", message, remedy=remedy))


def _check_names(options: Namespace) -> None:
    errors = [
        problem.within(f"--live {name}")
        for name in options.live
        if "*" not in name
        for problem in repository_name_errors(name)
    ]
    if options.account:
        errors += (problem.within("--account") for problem in account_id_errors(options.account))
    if errors:
        raise CommandError(*errors)
