"""GitLab CI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.ci.selections import nothing_selected, selection_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_GITLAB_COM = CiIssuer.gitlab()
_PROJECT = re.compile(f"{_PART}(?:/{_PART})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLabCi(CiProject):
    """Pipelines of one GitLab project.

    A merge request's pipeline has the branch that is to be merged in its token. GitLab's subject
    names no environment, and IAM reads no other claim of its tokens. A project whose subject is
    made of other components is not admitted.
    https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload

    Attributes:
        project: Its path with all groups: ``acme/payments/api``.
        branches: Branches; ``*`` stands for anything. Default: none.
        tags: Tags; ``*`` stands for anything. Default: none.
        issuer: A self-managed instance: ``CiIssuer.gitlab(url)``. Default: gitlab.com.

    Raises:
        ValueError: A project with a wildcard or of another form; nothing that selects some of its
            jobs, or something that selects all of them.
    """

    project: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    issuer: CiIssuer = _GITLAB_COM

    def __post_init__(self) -> None:
        """Judge the project."""
        raise_if_invalid("project of GitLab CI", self.project, self._errors())

    @property
    def name(self) -> str:
        """The project's path."""
        return self.project

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        return tuple(
            f"project_path:{self.project}:ref_type:{kind}:ref:{each}"
            for kind, values in (("branch", self.branches), ("tag", self.tags))
            for each in values
        )

    def _errors(self) -> Iterator[str]:
        if "*" in self.project or "?" in self.project:
            yield (
                "a wildcard in the project would let in projects that somebody else may make; "
                "write 'GROUP/PROJECT', and a role for each project"
            )
        elif not is_unresolved(self.project) and not _PROJECT.fullmatch(self.project):
            yield "must be the project's path with all groups, 'GROUP/PROJECT'"
        yield from selection_errors(branches=self.branches, tags=self.tags)
        if not (self.branches or self.tags):
            yield nothing_selected(branches="main", tags="v*")
