"""CircleCI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import ANY_UUID, CiIssuer, uuid_errors
from ecr_constructs.model.ci.project import CiProject, nothing_selected, selection_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import raise_if_invalid

_PART = "[A-Za-z0-9_.-]+"
_ORIGIN = re.compile(f"{_PART}(?:/{_PART})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleCi(CiProject):
    """Jobs of one CircleCI project.

    Only the token ``CIRCLE_OIDC_TOKEN_V2`` names the branch or tag. Its subject also names the
    user who triggered the job. Every user is admitted, by a pattern as long as a UUID: a ``*``
    would match beyond the user, so that a branch's name could imitate another subject.
    https://circleci.com/docs/openid-connect-tokens/#format-of-the-openid-connect-id-token

    Attributes:
        organization_id: The organization's id, a UUID.
        project_id: The project's id, a UUID.
        vcs_origin: The repository of the change, without a scheme:
            ``github.com/acme/payments-api``. A fork has another.
        branches: Branches; ``*`` matches any characters. Default: none.
        tags: Tags; ``*`` matches any characters. Default: none.

    Raises:
        ValidationError: An id is not a UUID, the origin has another form, or the selection is
            empty or selects all jobs.

    Example:
        >>> uuid = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
        >>> project = CircleCi(
        ...     organization_id=uuid,
        ...     project_id=uuid,
        ...     vcs_origin="github.com/acme/payments-api",
        ...     branches=["main"],
        ... )
        >>> project.name
        'acme/payments-api'
    """

    organization_id: str
    project_id: str
    vcs_origin: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of CircleCI", self.vcs_origin, self._errors())

    @property
    def issuer(self) -> CiIssuer:
        """The issuer of the organization."""
        return CiIssuer.circleci(organization_id=self.organization_id)

    @property
    def name(self) -> str:
        """The repository, without its host."""
        return self.vcs_origin.partition("/")[2]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        project = f"org/{self.organization_id}/project/{self.project_id}/user/{ANY_UUID}"
        return tuple(
            f"{project}/vcs-origin/{self.vcs_origin}/vcs-ref/refs/{kind}/{name}"
            for kind, names in (("heads", self.branches), ("tags", self.tags))
            for name in names
        )

    def _errors(self) -> Iterator[Diagnostic]:
        yield from uuid_errors("organization_id", self.organization_id, braces=False)
        yield from uuid_errors("project_id", self.project_id, braces=False)
        if not _ORIGIN.fullmatch(self.vcs_origin):
            yield Diagnostic(
                "circleci-origin-format",
                f"{self.vcs_origin!r} must be a repository without a scheme and a "
                "wildcard, 'github.com/OWNER/NAME'",
                "vcs_origin",
            )
        yield from selection_errors(branches=self.branches, tags=self.tags)
        if not (self.branches or self.tags):
            yield nothing_selected(branches="main", tags="v*")
