"""What every CI system's jobs have in common."""

from abc import ABC, abstractmethod
from typing import Any

from ecr_constructs.model.ci.issuer import CiIssuer


class CiProject(ABC):
    """The jobs of one project in a CI system: an issuer, and the subjects of their tokens."""

    __slots__ = ()

    @property
    @abstractmethod
    def issuer(self) -> CiIssuer:
        """Who issues the tokens."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The project, as people call it: ``acme/payments-api``."""

    @property
    @abstractmethod
    def subjects(self) -> tuple[str, ...]:
        """The values of the claim ``sub`` that are accepted; ``*`` and ``?`` are wildcards."""

    def conditions(self) -> dict[str, dict[str, Any]]:
        """Return the conditions of a trust policy that admits these jobs and no others.

        One operator tests all subjects, since two would both have to hold. Without a wildcard it
        is ``StringEquals``.
        """
        subjects = list(self.subjects)
        wild = any("*" in each or "?" in each for each in subjects)
        conditions = {"StringEquals": {f"{self.issuer.path}:aud": self.issuer.audience}}
        tests: dict[str, Any] = conditions.setdefault("StringLike" if wild else "StringEquals", {})
        tests[f"{self.issuer.path}:sub"] = subjects[0] if len(subjects) == 1 else subjects
        return conditions
