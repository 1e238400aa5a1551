"""Read both sides of a pull request, with each stack at the same index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.cloud_assembly import (
    MANIFEST,
    StackFile,
    stack_files,
)
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.reading import is_file, real_path
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.cloudformation.template import nested_stacks
from ecr_constructs.model.json_text import compact

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Template

# The name of a snapshot of a parametrized test: test_template[Prod-Payments].
_SNAPSHOT = re.compile(r"\w+\[(.+)\]")
NESTED_STACK = "AWS::CloudFormation::Stack"
# Policies that templates hold as texts, and snapshots as JSON.
_TEXTS = {
    REPOSITORY: (("LifecyclePolicy", "LifecyclePolicyText"),),
    CREATION_TEMPLATE: (("LifecyclePolicy",), ("RepositoryPolicy",)),
}


def load_sides(base: str | Path, head: str | Path) -> tuple[TemplateSet, TemplateSet]:
    """Read two cloud assemblies, or two folders of templates or of their snapshots.

    Stacks are matched by their names in CloudFormation, files by their names without extension. An
    unknown account or Region matches any. Each stack has the same index on both sides, so that
    stacks, and the marks of unresolved values in them, can be compared by index:

    - A stack that is new is empty in base.
    - A stack that left the app is unchanged in head, since CDK leaves it deployed
      (`Template.is_left`).
    - A nested stack that left its parent is empty in head, since CloudFormation deletes it.

    Args:
        base: The deployed side: ``cdk.out`` of the target branch.
        head: The side of the pull request: ``cdk.out`` of its branch.

    Raises:
        CheckError: A file cannot be read or is not a template, or a folder has none.
    """
    pairs = _matched(list(_stacks(Path(base))), list(_stacks(Path(head))))
    titles = Counter(pair.present.title for pair in pairs)
    sides: tuple[list[Template], list[Template]] = ([], [])
    for pair in sorted(pairs, key=lambda pair: pair.present.order):
        title = pair.present.title
        where = f" in {pair.present.place}" if titles[title] > 1 else ""
        for templates, template in zip(sides, _aligned(pair), strict=True):
            templates.append(replace(template, stack=f"{title}{where}"))
    return TemplateSet(sides[0]), TemplateSet(sides[1])


@dataclass(frozen=True, slots=True)
class _Stack:
    """A stack of one side.

    Attributes:
        template: Its template.
        name: Its name in CloudFormation, or the file in the folder.
        title: Its name in reviews.
        stem: The file in the folder, without extension.
        aliases: The names of its template in a folder.
        nested: The logical id of the nested stack in its parent. Default: it is not nested.
        root: The root stack of a nested stack.
    """

    template: Template
    name: str
    title: str
    stem: str
    aliases: frozenset[str]
    nested: str = ""
    root: _Stack | None = None

    @property
    def place(self) -> str:
        """What distinguishes it from stacks with the same title."""
        place = filter(None, (self.template.account, self.template.region))
        return self.nested or "/".join(place) or self.name

    @property
    def order(self) -> tuple[str, ...]:
        place = self.template.account or "", self.template.region or ""
        return self.name, self.nested, *place


class _Pair(NamedTuple):
    """A stack on both sides, or on one.

    Attributes:
        before: The stack in base.
        after: The stack in head.
        is_left: Whether it stays deployed although it is not in head. Default: it does not.
    """

    before: _Stack | None
    after: _Stack | None
    is_left: bool = False

    @property
    def present(self) -> _Stack:
        """The stack in head, or in base if it is not in head."""
        stack = self.after or self.before
        assert stack is not None
        return stack


def _matched(before: Sequence[_Stack], after: Sequence[_Stack]) -> list[_Pair]:
    """Match the stacks of both sides, closest matches first; nested stacks by their roots."""
    pairs: list[_Pair] = []
    roots: dict[int, _Stack] = {}
    left, right = ([stack for stack in side if stack.root is None] for side in (before, after))
    for is_same in (_is_same, _may_be_same, _is_same_template):
        for old in list(left):
            if (new := next((stack for stack in right if is_same(old, stack)), None)) is not None:
                pairs.append(_Pair(old, new))
                roots[id(old)] = new
                left.remove(old)
                right.remove(new)
    pairs += [_Pair(old, None, is_left=True) for old in left]
    pairs += [_Pair(None, new) for new in right]
    nested = {(id(stack.root), stack.nested): stack for stack in after if stack.root}
    for old in before:
        if old.root is not None:
            root = roots.get(id(old.root))
            new = nested.pop((id(root), old.nested), None)
            is_left = root is None or _retains_nested(old.root, root)
            pairs.append(_Pair(old, new, is_left=is_left))
    return [*pairs, *(_Pair(None, new) for new in nested.values())]


def _retains_nested(before: _Stack, after: _Stack) -> bool:
    """Tell whether a stack retains the nested stacks that are removed from it."""
    old, new = (stack.template.body["Resources"] for stack in (before, after))
    removed = [
        body
        for name, body in old.items()
        if name not in new and isinstance(body, Mapping) and body.get("Type") == NESTED_STACK
    ]
    return bool(removed) and all(body.get("DeletionPolicy") == "Retain" for body in removed)


def _is_same(old: _Stack, new: _Stack) -> bool:
    place = new.template.account, new.template.region
    return old.name == new.name and (old.template.account, old.template.region) == place


def _may_be_same(old: _Stack, new: _Stack) -> bool:
    return old.name == new.name and _is_compatible(old.template, new.template)


def _is_same_template(old: _Stack, new: _Stack) -> bool:
    """Tell whether a file is the template of a stack, or a file in another format is."""
    kinds = {old.template.stack_name is None, new.template.stack_name is None}
    # Two assemblies name their stacks, and two folders their files.
    same = {
        frozenset({False}): False,
        frozenset({True}): old.stem == new.stem,
        frozenset({True, False}): bool(old.aliases & new.aliases),
    }[frozenset(kinds)]
    return same and _is_compatible(old.template, new.template)


def _is_compatible(old: Template, new: Template) -> bool:
    """Tell whether two stacks can be in the same account and Region: unknown matches any."""
    places = ((old.account, new.account), (old.region, new.region))
    return all(one == other or None in (one, other) for one, other in places)


def _aligned(pair: _Pair) -> tuple[Template, Template]:
    """Return both templates of a stack, in the account and Region that either side names."""
    if pair.before is None:
        new = pair.present.template
        return _emptied(new), new
    old = pair.before.template
    if pair.after is None:
        return old, replace(old, is_left=True) if pair.is_left else _emptied(old)
    new = pair.after.template
    return (
        replace(old, account=old.account or new.account, region=old.region or new.region),
        replace(new, account=new.account or old.account, region=new.region or old.region),
    )


def _stacks(folder: Path) -> Iterator[_Stack]:
    is_assembly = is_file(folder / MANIFEST)
    files = {file.path: file for file in (stack_files(folder) if is_assembly else ())}
    roots: dict[Path, _Stack] = {}
    templates = _templates(folder, is_assembly=is_assembly)
    names = _nested_names(templates)
    for template in templates:
        path = template.path
        assert path is not None
        root = roots.get(template.root) if template.root else None
        relative = _relative(path, folder)
        name = root.name if root else template.stack_name or relative
        stem = path.name.split(".")[0]
        nested = names.get(real_path(path), stem) if root else ""
        file = files.get(path, StackFile(path))
        # Only snapshots hold policies as JSON; in an assembly that is an error.
        body = template.body if template.stack_name else _as_deployed(template.body)
        stack = _Stack(
            replace(
                template,
                body=body,
                termination_protection=file.termination_protection,
                tags=file.tags,
            ),
            name,
            f"{root.title}/{stem}" if root else _title(template),
            relative.removesuffix(path.name) + _stem(path.name),
            _aliases(template),
            nested,
            root,
        )
        roots.setdefault(path, stack)
        yield stack


def _nested_names(templates: Sequence[Template]) -> dict[Path, str]:
    """Return the logical ids of nested stacks in their parents, by the file of the template.

    A nested stack with another logical id is another stack, whatever its file is called.
    """
    names: dict[Path, str] = {}
    for template in templates:
        assert template.path is not None
        for nested in nested_stacks(template):
            names[real_path(template.path.parent / nested.file)] = nested.logical_id
    return names


def _templates(folder: Path, *, is_assembly: bool) -> Sequence[Template]:
    try:
        return load([folder])
    except TemplateError as error:
        # An app without stacks is valid; a folder without templates is probably the wrong one.
        if is_assembly and error.code == "template-missing":
            return ()
        raise


def _title(template: Template) -> str:
    """Return the title of a stack: its construct path, or its file."""
    assert template.path is not None
    return template.construct or _stem(template.path.name)


def _aliases(template: Template) -> frozenset[str]:
    assert template.path is not None
    path = template.construct.replace("/", "-") if template.construct else None
    return frozenset(filter(None, (_stem(template.path.name), template.stack_name, path)))


def _stem(name: str) -> str:
    """Return the name of a file without extension, or of the stack in a snapshot."""
    match = _SNAPSHOT.fullmatch(name.removesuffix(".template.json"))
    return match[1] if match else name.split(".", maxsplit=1)[0]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _emptied(template: Template) -> Template:
    nothing: Mapping[str, Any] = {"Resources": {}}
    return replace(template, body=nothing, path=None, line_of=None, acknowledged=())


def _as_deployed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a template with its policies as texts, as ECR gets them."""
    for resource in body["Resources"].values():
        kind = resource.get("Type") if isinstance(resource, Mapping) else None
        for path in _TEXTS.get(kind, ()) if isinstance(kind, str) else ():
            _write_as_text(resource.get("Properties"), path)
    return body


def _write_as_text(properties: Any, path: tuple[str, ...]) -> None:
    holder = properties
    for key in path[:-1]:
        holder = holder.get(key) if isinstance(holder, dict) else None
    value = holder.get(path[-1]) if isinstance(holder, dict) else None
    if isinstance(value, dict) and any(key in value for key in ("rules", "Statement")):
        holder[path[-1]] = compact(value)
