"""A repository with another name, or with another encryption: its images are copied.

ECR changes neither. CloudFormation creates a repository for a new name, and rejects another
encryption of a repository with a custom name:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.names import NAME_MAX_LENGTH
from ecr_constructs.review.phrases import join_names
from ecr_constructs.review.recipes import commands
from ecr_constructs.review.recipes.edits import stage_of
from ecr_constructs.review.recipes.moves import RETAINED_ELSEWHERE, keep_first, orphaned, unique
from ecr_constructs.review.recipes.recipe import Recipe, Step
from ecr_constructs.review.recipes.retirement import deletion, lifted_locks, unkept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.review.recipes.edits import Edit, Edits

_ENCRYPTION = "EncryptionConfiguration"
# ECR allows one character more than crane and other clients of registries:
# https://github.com/google/go-containerregistry/blob/main/pkg/name/repository.go
COPY_MAX_LENGTH = NAME_MAX_LENGTH - 1
_COPYING = (
    "crane copies tagged images, with all that an index lists, and keeps their digests. It does "
    "not copy untagged images, or signatures and SBOMs that only refer to an image (oras cp "
    "--recursive copies an image with these). Restore archived images first. Push and pull times, "
    "which lifecycle policies count from, and scan findings begin anew."
)


def renames(edits: Edits) -> Iterator[Recipe]:
    """Yield a recipe for the renamed repositories of each stage."""
    for stage, renamed in _by_stage(edits, edits.renames).items():
        pairs = {f"{edit.name} to {edit.new_name}": None for edit in renamed}
        subject = "the new repository" if len(pairs) == 1 else "each new repository"
        stacks = [edits.head_of(edit.after) for edit in renamed if edit.after]
        kept = list(keep_first(edit.name for edit in renamed if not edit.is_retained))
        yield Recipe(
            kind="rename",
            title=f"Rename {join_names(pairs)}",
            outcome=f"ECR renames nothing: {subject} is empty, and the old one is retained "
            f"{RETAINED_ELSEWHERE}. If it is not a rename, only its removal matters.",
            subjects=tuple(edit.subject for edit in renamed),
            steps=(
                *kept,
                Step(
                    "Deploy: the new name is created, and the old one leaves its stack.",
                    commands.deploy_all(stacks, stage),
                ),
                Step("Copy the images.", commands.copies(_names(edits, renamed))),
                Step(
                    "Push and pull by the new name from now on, in CI and in what runs.",
                    is_manual=True,
                ),
                Step(
                    "Copy again what was pushed to the old name in the meantime, and see when it "
                    "was pulled last.",
                    (
                        *_copied_again(edits, renamed),
                        *commands.last_pulls(edit.before for edit in renamed),
                    ),
                ),
                _compared(_names(edits, renamed)),
                *deletion(renamed),
            ),
            cautions=(*unkept(renamed), *_replicated(edits, renamed), _COPYING),
            is_blocked=bool(kept),
        )


def _copied_again(edits: Edits, renamed: Sequence[Edit]) -> Iterator[str]:
    """Yield the commands that copy what is not in the new repositories yet.

    ECR rejects a push of an immutable tag that exists, even with the same image:
    https://github.com/aws/containers-roadmap/issues/2179
    """
    immutable = [edit for edit in renamed if _is_immutable(edit.after)]
    yield from commands.copies(_names(edits, (edit for edit in renamed if edit not in immutable)))
    yield from commands.copies(_names(edits, immutable), "--no-clobber")


def _is_immutable(repository: Resource | None) -> bool:
    mutability = repository.text("ImageTagMutability") if repository else None
    return mutability is not None and mutability.startswith("IMMUTABLE")


def encryptions(edits: Edits) -> Iterator[Recipe]:
    """Yield a recipe for the repositories of each stage whose encryption changes."""
    for members in _by_stage(edits, edits.encrypted).values():
        spelled = [edit for edit in members if _is_aes256(edit)]
        changed = [edit for edit in members if not _is_aes256(edit)]
        names = join_names(dict.fromkeys(edit.name for edit in members))
        outcome = (
            "CloudFormation rejects the deployment, since it does not replace a resource with a "
            "custom name. Nothing changes, and nothing is lost."
        )
        steps = list(_respelled(spelled))
        if changed:
            steps += _encrypted(edits, changed)
        yield Recipe(
            kind="encryption",
            title=f"Change the encryption of {names}",
            outcome=outcome,
            subjects=tuple(edit.subject for edit in members),
            steps=tuple(steps),
            cautions=tuple(_cautions(edits, changed)),
        )


def _respelled(edits: Sequence[Edit]) -> Iterator[Step]:
    if edits:
        names = join_names(dict.fromkeys(edit.name for edit in edits))
        yield Step(
            f"Write EncryptionConfiguration of {names} as it is deployed: both sides are AES-256.",
            is_manual=True,
        )


def _cautions(edits: Edits, changed: Sequence[Edit]) -> Iterator[str]:
    if changed:
        yield (
            "Nobody can pull between the deletion and the end of the second copy, and nobody "
            "should push during all of it. Without an interruption: give the new repository "
            "another name instead, and copy to that."
        )
        yield from _replicated(edits, changed)
        yield _COPYING


def _encrypted(edits: Edits, changed: Sequence[Edit]) -> Iterator[Step]:
    repositories = [edit.before for edit in changed]
    names = _names(edits, changed)
    taken = {
        item.text("RepositoryName")
        for side in (edits.comparison.base, edits.comparison.head)
        for item in side.of_type(REPOSITORY)
    }
    copy_of: dict[str, str] = {}
    for edit in changed:
        if edit.name not in copy_of:
            copy_of[edit.name] = _free(edit.name, {*taken, *copy_of.values()})
    there = [(registry, old, copy_of[old]) for registry, old, _ in names]
    copied = [(registry, copy) for registry, _, copy in there]
    # A rule of replication selects by prefix, so it copies the copies too.
    replicated = [
        (edit.before.registry, copy_of[edit.name])
        for edit in changed
        if edits.is_replica(edit.before.registry)
    ]
    yield Step(
        "Create a repository for the copies, and copy the images to it.",
        (
            *commands.by_name("create-repository", copied),
            *commands.copies(there),
        ),
    )
    yield _compared(there)
    yield from lifted_locks(repositories)
    yield Step(
        "Detach the repositories from their stacks, with the templates that are deployed. The "
        "command is not yet stable in the CDK CLI.",
        orphaned(edits, changed),
    )
    yield Step(
        "Delete them with their images, which the copies keep.",
        commands.per_repository(repositories, "delete-repository", "--force"),
    )
    yield Step(
        "Deploy: CloudFormation creates them with the new encryption.",
        commands.cdk("deploy", unique(edits.head_of(edit.before) for edit in changed)),
    )
    back = [(registry, copy, old) for registry, old, copy in there]
    yield Step("Copy the images back.", commands.copies(back))
    yield _compared(back)
    yield Step(
        "Later, when you are sure: delete the copies.",
        commands.by_name("delete-repository", [*copied, *replicated], "--force"),
    )


def _compared(names: Sequence[tuple[RegistryId | None, str, str]]) -> Step:
    """Return the step without which nobody may delete the originals."""
    return Step(
        "Compare: the last command of each repository prints the tags that the copy does not have, "
        "or has on another image. Go on only if no command prints anything.",
        commands.missing(names),
    )


def _free(name: str, taken: set[str | None]) -> str:
    """Return a name for the copies that ECR and crane accept and no repository of the app has."""
    number = 1
    while (free := _copy_name(name, number)) in taken:
        number += 1
    return free


def _copy_name(name: str, number: int) -> str:
    suffix = f"-copy{number if number > 1 else ''}"
    # No separator at the end: only some of them may be followed by a hyphen.
    return name[: COPY_MAX_LENGTH - len(suffix)].rstrip("._-/") + suffix


def _is_aes256(edit: Edit) -> bool:
    """Tell whether both sides are definitely AES-256, written in two ways."""
    assert edit.after is not None
    kinds = {item.get(_ENCRYPTION, "EncryptionType") for item in (edit.before, edit.after)}
    wholes = [item.get(_ENCRYPTION) for item in (edit.before, edit.after)]
    return kinds == {None, "AES256"} and None in wholes


def _names(edits: Edits, renamed: Iterable[Edit]) -> list[tuple[RegistryId | None, str, str]]:
    """Return the repositories that are copied: those of replicas receive what is pushed."""
    return [
        (edit.before.registry, edit.name, edit.new_name)
        for edit in renamed
        if not edits.is_replica(edit.before.registry)
    ]


def _replicated(edits: Edits, renamed: Sequence[Edit]) -> Iterator[str]:
    if any(edits.is_replica(edit.before.registry) for edit in renamed):
        yield (
            "A copy is a push, so replication copies the images to the replicas. Compare both "
            "before you delete anything there."
        )


def _by_stage(edits: Edits, members: Iterable[Edit]) -> Mapping[str, list[Edit]]:
    by_stage: dict[str, list[Edit]] = defaultdict(list)
    for edit in members:
        by_stage[stage_of(edits.head_of(edit.after or edit.before))].append(edit)
    return by_stage
