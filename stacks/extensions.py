"""What the environment files cannot say: this file is yours, see docs/guides/extensions.md."""

from stacks.stage import EnvironmentStage


def extend(stage: EnvironmentStage) -> None:
    """Add to an environment; `app.py` calls this once for each file of environments/.

    ``stage.environment`` is what the file resolves to, ``stage.stack("payments")`` a stack of the
    file, ``stage.add_stack("inspector")`` one of your own. `Registry.of` returns the registry of a
    stack's account and Region in every environment.
    """
