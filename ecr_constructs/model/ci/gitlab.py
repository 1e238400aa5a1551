"""GitLab CI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject, nothing_selected, selection_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_GITLAB_COM = CiIssuer.gitlab()
_PROJECT = re.compile(f"{_PART}(?:/{_PART})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLabCi(CiProject):
    """Pipelines of one GitLab project.

    The token of a merge request's pipeline names the source branch. GitLab's subject does not name
    the environment, and IAM reads no other claim of its tokens. A project that configures other
    components of the subject is not admitted.
    https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload

    Attributes:
        project: Its path with all groups: ``acme/payments/api``.
        branches: Branches; ``*`` matches any characters. Default: none.
        tags: Tags; ``*`` matches any characters. Default: none.
        issuer: A self-managed instance: ``CiIssuer.gitlab(url)``. Default: gitlab.com.

    Raises:
        ValidationError: The project has a wildcard or another form, or the selection is empty or
            selects all jobs.

    Example:
        >>> GitLabCi(project="acme/api", branches=["main"]).subjects
        ('project_path:acme/api:ref_type:branch:ref:main',)
    """

    project: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    issuer: CiIssuer = _GITLAB_COM

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of GitLab CI", self.project, self._errors())

    @property
    def name(self) -> str:
        """The project's path."""
        return self.project

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        return tuple(
            f"project_path:{self.project}:ref_type:{kind}:ref:{name}"
            for kind, names in (("branch", self.branches), ("tag", self.tags))
            for name in names
        )

    def _errors(self) -> Iterator[Diagnostic]:
        if "*" in self.project or "?" in self.project:
            yield Diagnostic(
                "gitlab-project-wildcard",
                "a wildcard would admit projects that others may create",
                "project",
                "write 'GROUP/PROJECT', and a role for each project",
            )
        elif not is_unresolved(self.project) and not _PROJECT.fullmatch(self.project):
            yield Diagnostic(
                "gitlab-project-format",
                "must be the project's path with all groups, 'GROUP/PROJECT'",
                "project",
            )
        yield from selection_errors(branches=self.branches, tags=self.tags)
        if not (self.branches or self.tags):
            yield nothing_selected(branches="main", tags="v*")
