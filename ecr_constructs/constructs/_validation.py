"""What is checked when the app is synthesized, because it needs all of it."""

from collections.abc import Callable, Iterable

import jsii
from constructs import IValidation


@jsii.implements(IValidation)
class AtSynthesis:
    """A check that CDK calls at synthesis."""

    def __init__(self, check: Callable[[], Iterable[str] | None]) -> None:
        """Take a function that returns errors, or only warns and returns None."""
        self._check = check

    def validate(self) -> list[str]:
        """Return the errors."""
        return [*(self._check() or ())]
