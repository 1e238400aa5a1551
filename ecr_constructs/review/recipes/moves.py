"""A repository that another stack takes over: another team, environment, or logical id.

CloudFormation creates it there, which ECR rejects while it exists. So the stack that it leaves is
deployed first, which retains it, and the other one imports it:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.cloud_assembly import top_of
from ecr_constructs.cloudformation.resource_types import KEY, REPLICATION, ROLE
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.review.phrases import join_names
from ecr_constructs.review.recipes import commands
from ecr_constructs.review.recipes.edits import Edit, Edits, stage_of
from ecr_constructs.review.recipes.recipe import Recipe, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template

_RECORDED = (
    "an import records what the template says, changes nothing, and cannot be corrected later"
)
# A file system allows 255 bytes, which stack, place and logical id can exceed together.
_FILE_MAX_LENGTH = 200
RETAINED_ELSEWHERE = "in no stack, with its images; pulls and pushes go on"


def recipes(edits: Edits) -> Iterator[Recipe]:
    """Yield a recipe for the moves into each stage."""
    by_stage: dict[str, list[Edit]] = defaultdict(list)
    for edit in edits.moves:
        assert edit.after is not None
        by_stage[stage_of(edits.head_of(edit.after))].append(edit)
    for stage, moves in by_stage.items():
        yield _Moves(edits, stage, moves).recipe()


def left_stacks(edits: Edits) -> Iterator[tuple[Template, str]]:
    """Yield the stacks that left the app because others take over, with the stage of these.

    A stack belongs to the moves of its own repositories. If a whole stage left the app, its other
    stacks belong to the moves of the stage.
    """
    remaining = {
        stage_of(stack.template)
        for stack in edits.comparison.head.stacks
        if not stack.template.is_left
    }
    into: dict[object, str] = {}
    for move in edits.moves:
        assert move.after is not None
        stage, source = stage_of(edits.head_of(move.after)), edits.head_of(move.before)
        into.setdefault(id(source), stage)
        if stage_of(source) not in remaining:
            into.setdefault(stage_of(source), stage)
    for template in edits.left_stacks():
        own = into.get(id(template), into.get(stage_of(template)))
        if own is not None:
            yield template, own


class _Moves:
    """The moves into the stacks of one stage."""

    def __init__(self, edits: Edits, stage: str, moves: Sequence[Edit]) -> None:
        self._edits, self._stage, self._moves = edits, stage, moves
        self._names = list(dict.fromkeys(move.name for move in moves))
        self._left = [item for item, into in left_stacks(edits) if into == stage]
        stay = [move for move in moves if edits.stays(move.before)]
        self._targets = unique(edits.head_of(move.after) for move in moves if move.after)
        self._sources = unique(edits.head_of(move.before) for move in stay)
        self._is_crossing = any(source in self._targets for source in self._sources)
        self._staying = stay
        unkept = [move.name for move in moves if not move.is_retained]
        self._kept = list(keep_first([*unkept, *edits.deleted_with(self._left)]))
        self._other = [move.name for move in moves if edits.has_other_encryption(move)]
        self._unknown = [move for move in moves if edits.has_other_encryption(move) is None]
        self._files = dict(self._mapping_files())

    def recipe(self) -> Recipe:
        """Return the recipe."""
        names = join_names(self._names)
        where = join_names(stack.stack for stack in self._targets)
        is_in_place = all(move.subject.new_stack is None for move in self._moves)
        return Recipe(
            kind="move",
            title=f"Give {names} another logical id" if is_in_place else f"Move {names} to {where}",
            outcome="A deployment of everything fails: a new resource in another stack, or with "
            "another logical id, has a name that exists. A repository that is retained may be left "
            f"{RETAINED_ELSEWHERE}.",
            subjects=tuple(move.subject for move in self._moves),
            steps=(*self._prepared(), *self._detached(), *self._imported(), self._rest()),
            cautions=tuple(self._cautions()),
            is_blocked=bool(self._other) or bool(self._kept),
        )

    def _prepared(self) -> Iterator[Step]:
        yield from self._kept
        if self._other:
            yield Step(
                f"Declare the encryption that {join_names(self._other)} has now (in an environment "
                f"file {{key: ARN}}): {_RECORDED}. To change the encryption, copy the images to a "
                "new repository instead.",
                is_manual=True,
            )
        if self._unknown:
            yield Step(
                f"Make sure that the template declares what this prints: {_RECORDED}.",
                commands.encryptions(move.before for move in self._unknown),
            )
        if self._files:
            yield Step(
                "Write down the ids of "
                f"{pluralize(len(self._files), 'resource')} that have no name.",
                tuple(self._recorded()) if self._has_stack_names else (),
            )

    @property
    def _has_stack_names(self) -> bool:
        return all(self._edits.base_of(old).stack_name for old, _ in self._files.values())

    def _recorded(self) -> Iterator[str]:
        accounts = {old.stack.account for old, _ in self._files.values()}
        for new, (old, file) in self._files.items():
            yield from commands.account_note(old.stack.account, accounts)
            yield commands.record(self._edits.base_of(old), old, new, file)

    def _detached(self) -> Iterator[Step]:
        if self._is_crossing:
            yield Step(
                "Detach the repositories from their stacks, with the templates that are deployed. "
                "The command is not yet stable in the CDK CLI.",
                orphaned(self._edits, self._staying),
            )
        elif self._sources:
            yield Step(
                f"Deploy what {'they leave' if len(self._names) > 1 else 'it leaves'}: each "
                f"repository is retained {RETAINED_ELSEWHERE}.",
                commands.deploy(self._sources),
            )
        if self._left:
            yield Step(
                "Delete the stacks that are no longer in the app. Repositories, keys and OIDC "
                "providers are retained.",
                commands.delete_stacks(self._left),
            )

    def _imported(self) -> Iterator[Step]:
        for new, (_, file) in self._files.items():
            target = self._edits.head_of(new)
            yield Step(
                f"Import {'the key' if new.type == KEY else 'the OIDC provider'} into its new "
                "stack.",
                commands.import_resource(target, file),
            )
        keys = unique(self._edits.head_of(new) for new in self._files if new.type == KEY)
        yield Step(
            "Deploy the new place, which imports the repositories. The import sets their policies "
            "and tags to those of the template, and removes others.",
            commands.take_over(unique([*keys, *self._targets])),
        )

    def _rest(self) -> Step:
        return Step("Deploy the rest.", commands.deploy_all(self._targets, self._stage))

    def _cautions(self) -> Iterator[str]:
        types = [
            resource.type
            for stack in self._edits.comparison.head.stacks
            if any(stack.template is left for left in self._left)
            for resource in stack.resources.values()
        ]
        if REPLICATION in types:
            yield "Nothing is replicated from the deletion of the stacks until the last step."
        if ROLE in types:
            yield "Roles of the deleted stacks get new ARNs: update CI, and what else names them."

    def _mapping_files(self) -> Iterator[tuple[Resource, tuple[Resource, str]]]:
        """Yield the resources that take over others, with these and their mapping files."""
        for number, (new, old) in enumerate(self._edits.passed_on().items(), 1):
            source = self._edits.base_of(old)
            if stage_of(self._edits.head_of(new)) == self._stage:
                place = [source.stack_name, source.account, source.region, new.id]
                name = "-".join(filter(None, place))
                if len(name) > _FILE_MAX_LENGTH:
                    name = f"{name[:_FILE_MAX_LENGTH]}-{number}"
                yield new, (old, f"{name}.mapping.json")


def orphaned(edits: Edits, members: Sequence[Edit]) -> tuple[str, ...]:
    """Return the command that detaches repositories; none if their constructs are not known."""
    paths = [edits.construct_of(edit.before) for edit in members]
    template = edits.base_of(members[0].before).path
    if template is None or None in paths:
        return ()
    return (commands.orphan(filter(None, paths), str(top_of(template.parent))),)


def keep_first(unkept: Iterable[str]) -> Iterator[Step]:
    """Yield the step before all others, if there is something that would not be retained."""
    names = list(dict.fromkeys(unkept))
    if names:
        yield Step(
            f"First deploy DeletionPolicy: Retain and UpdateReplacePolicy: Retain for "
            f"{join_names(names)}, in the stacks that they are in now.",
            is_manual=True,
        )


def unique(templates: Iterable[Template]) -> list[Template]:
    """Return templates once each, in the order of their first occurrence."""
    unique: list[Template] = []
    for template in templates:
        if all(template is not other for other in unique):
            unique.append(template)
    return unique
