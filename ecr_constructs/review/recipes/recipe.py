"""One recipe: what a deployment would do, and the steps that do what was meant."""

from dataclasses import dataclass
from typing import Literal, get_args

RecipeKind = Literal["encryption", "move", "rename", "retire"]
"""The kinds of recipes."""

RECIPE_KINDS: tuple[RecipeKind, ...] = get_args(RecipeKind)


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
        commands: The command lines, for a POSIX shell. Default: none, if the step is an edit, or if
            the templates do not say how the stacks are deployed.
    """

    summary: str
    commands: tuple[str, ...] = ()


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
