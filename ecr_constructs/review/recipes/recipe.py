"""One recipe: what a deployment would do, and the steps that do what was meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

RecipeKind = Literal["encryption", "move", "rename", "retire"]
"""The kinds of recipes."""

RECIPE_KINDS: tuple[RecipeKind, ...] = get_args(RecipeKind)

_NO_COMMANDS = (
    "Without commands, since the templates do not say in which stack, account and Region they are "
    "deployed. Compare two cloud assemblies (cdk.out) with explicit environments to get them."
)
_TOO_EARLY = (
    "Without commands: do what the first step says in a change of its own, then review this one "
    "again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A resource that a recipe is about.

    Attributes:
        name: The name of the repository.
        stack: The name of its stack in the app, before.
        resource: Its logical id, before.
        account: Its account, if known.
        region: Its Region, if known.
        new_name: Its name after the change. Default: the same.
        new_stack: Its stack after the change. Default: none, or the same.
        new_resource: Its logical id after the change. Default: none, or the same.
    """

    name: str
    stack: str
    resource: str
    account: str | None = None
    region: str | None = None
    new_name: str | None = None
    new_stack: str | None = None
    new_resource: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a recipe.

    Attributes:
        summary: What it does, in one or two sentences.
        commands: The command lines, for a POSIX shell. Default: none.
        is_manual: Whether it is done without commands, such as an edit. Default: it is not.
    """

    summary: str
    commands: tuple[str, ...] = ()
    is_manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The steps of a change that needs more than a deployment.

    Attributes:
        kind: The kind of change.
        title: The change, in one sentence.
        outcome: What happens if the pull request is only deployed.
        subjects: The resources that it is about.
        steps: The steps, in their order.
        cautions: What the steps do not keep, or assume.
        is_blocked: Whether the first step has to be deployed before the others, by a change of its
            own. Default: it has not.

    Example:
        >>> step = Step("Deploy it.", ("cdk deploy Prod/Payments",))
        >>> recipe = Recipe(kind="move", title="…", outcome="…", subjects=(), steps=(step,))
        >>> recipe.steps[0].commands
        ('cdk deploy Prod/Payments',)
    """

    kind: RecipeKind
    title: str
    outcome: str
    subjects: tuple[Subject, ...]
    steps: tuple[Step, ...]
    cautions: tuple[str, ...] = ()
    is_blocked: bool = False

    @property
    def has_commands(self) -> bool:
        """Whether every step that needs commands has them."""
        return all(step.commands or step.is_manual for step in self.steps)

    def checked(self) -> Recipe:
        """Return the recipe, without any command if some are not known, or come too early.

        Whoever runs what is left would delete images that nobody has copied.
        """
        if self.has_commands and not self.is_blocked:
            return self
        steps = tuple(replace(step, commands=()) for step in self.steps)
        reason = _TOO_EARLY if self.is_blocked else _NO_COMMANDS
        return replace(self, steps=steps, cautions=(*self.cautions, reason))
