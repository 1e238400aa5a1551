"""What a comparison of templates with a live registry says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.model.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.model.registry_id import RegistryId

State = Literal["same", "different", "not-known"]
Winner = Literal["declared", "live", "fails", "not-known"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the next deployment of the templates makes of a difference.

    Attributes:
        winner: ``declared``: it sets what the templates declare; ``live``: it leaves what is live;
            ``fails``: CloudFormation or ECR rejects it; ``not-known``: that depends on what is
            deployed, which the snapshot does not tell.
        sentence: The same in words.
    """

    winner: Winner
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingStatus:
    """The comparison of one setting.

    Attributes:
        registry: The account and Region.
        subject: The repository, or another resource: ``cache docker-hub``.
        setting: The name of the setting: ``repository-policy``. ``existence`` is that of a
            resource as a whole.
        state: Whether it is as declared.
        summary: One sentence that starts with the subject.
        severity: By the definition of `review`: an error loses images, opens access or fails a
            deployment; a warning takes something away.
        declared: The declared value. None: nothing is declared.
        live: The live value. None: there is none, or it is not known.
        details: Further sentences.
        deployment: What the next deployment does. None: the setting is as declared, or no
            deployment concerns it.
        reason: Why it is not known. Default: it is.
        repository: The name of the repository, if it is one.
        stack: The stack that declares the resource.
        resource: Its logical ID.
        file: The template.
        line: Its line.
    """

    registry: RegistryId
    subject: str
    setting: str
    state: State
    summary: str
    severity: Severity = Severity.NOTE
    declared: Any = None
    live: Any = None
    details: tuple[str, ...] = ()
    deployment: Deployment | None = None
    reason: NotKnown | None = None
    repository: str | None = None
    stack: str = ""
    resource: str = ""
    file: Path | None = None
    line: int | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """The sort key: worst first, then by place."""
        return -_RANK[self.severity], str(self.registry), self.subject, self.setting


_RANK = {severity: rank for rank, severity in enumerate(sorted(Severity))}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFinding:
    """A finding of `check` about what is live, and not about what the templates declare.

    Attributes:
        registry: The account and Region.
        subject: The repository, or another resource.
        rule: The rule: ``ECR101``.
        severity: Its severity.
        message: What is wrong.
        remedy: What to do.
        path: The property.
    """

    registry: RegistryId
    subject: str
    rule: str
    severity: Severity
    message: str
    remedy: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryStatus:
    """What was compared of a registry.

    Attributes:
        registry: The account and Region.
        started: When the snapshot was made.
        caller: Who made it.
        file: The file of the snapshot. None: it was not written.
        is_finished: Whether the snapshot is complete.
        repositories: How many repositories it has.
    """

    registry: RegistryId
    started: str
    caller: str
    file: Path | None
    is_finished: bool
    repositories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The comparison of templates with live registries.

    Attributes:
        registries: The registries, in the order of the snapshots.
        settings: The settings that differ, worst first.
        unknown: The settings of which it is not known whether they differ.
        same: How many settings are as declared.
        findings: The findings about what is live only.
        not_known: All that the snapshots and templates do not tell, once each.
        has_templates: Whether there was anything to compare with.
    """

    registries: Sequence[RegistryStatus]
    settings: Sequence[SettingStatus]
    unknown: Sequence[SettingStatus]
    same: int
    findings: Sequence[LiveFinding]
    not_known: Sequence[NotKnown]
    has_templates: bool
