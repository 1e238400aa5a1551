"""CircleCI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.ci.selections import nothing_selected, selection_errors
from ecr_constructs.model.ci.uuids import ANY_UUID, uuid_errors
from ecr_constructs.model.validation import raise_if_invalid

_PART = "[A-Za-z0-9_.-]+"
_ORIGIN = re.compile(f"{_PART}(?:/{_PART})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleCi(CiProject):
    """Jobs of one CircleCI project.

    Only the token ``CIRCLE_OIDC_TOKEN_V2`` says the branch or tag. Its subject also names the user
    who caused the job; any user may, in the form of a UUID: a ``*`` there would match beyond the
    user, so that a branch could carry the name of another.
    https://circleci.com/docs/openid-connect-tokens/#format-of-the-openid-connect-id-token

    Attributes:
        organization_id: The organization's id, a UUID.
        project_id: The project's id, a UUID.
        vcs_origin: The repository that the change is in, without a scheme:
            ``github.com/acme/payments-api``. A fork has another.
        branches: Branches; ``*`` stands for anything. Default: none.
        tags: Tags; ``*`` stands for anything. Default: none.

    Raises:
        ValueError: Something that is no UUID, an origin of another form; nothing that selects
            some of the project's jobs, or something that selects all of them.
    """

    organization_id: str
    project_id: str
    vcs_origin: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge the project."""
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
            f"{project}/vcs-origin/{self.vcs_origin}/vcs-ref/refs/{kind}/{each}"
            for kind, values in (("heads", self.branches), ("tags", self.tags))
            for each in values
        )

    def _errors(self) -> Iterator[str]:
        yield from uuid_errors("organization_id", self.organization_id, braces=False)
        yield from uuid_errors("project_id", self.project_id, braces=False)
        if not _ORIGIN.fullmatch(self.vcs_origin):
            yield (
                f"vcs_origin {self.vcs_origin!r} must be a repository without a scheme and a "
                "wildcard, 'github.com/OWNER/NAME'"
            )
        yield from selection_errors(branches=self.branches, tags=self.tags)
        if not (self.branches or self.tags):
            yield nothing_selected(branches="main", tags="v*")
