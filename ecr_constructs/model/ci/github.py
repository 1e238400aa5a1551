"""GitHub Actions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject, nothing_selected, selection_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid

_OWNER = "[A-Za-z0-9][A-Za-z0-9_-]*"
_NAME = "[A-Za-z0-9._-]+"
_REPOSITORY = re.compile(f"{_OWNER}/{_NAME}|{_OWNER}@[0-9]+/{_NAME}@[0-9]+")
_ADDRESS = re.compile(rf"github\.com[/:]({_OWNER}/{_NAME}?)(?:\.git)?/?$")
_GITHUB_COM = CiIssuer.github_actions()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubActions(CiProject):
    """Workflows of one GitHub repository.

    The token of a job with an environment names the environment and not the branch or tag; that of
    a pull request names neither. So each is selected separately, and a job that matches one of the
    selections is admitted.
    https://docs.github.com/en/actions/reference/security/oidc

    Attributes:
        repository: ``OWNER/NAME`` as GitHub displays it, capitals included. Repositories created,
            renamed or transferred after 15 July 2026 have ids in their tokens:
            ``OWNER@123456/NAME@456789``, which
            `gh api repos/OWNER/NAME/actions/oidc/customization/sub` prints.
        branches: Branches that are pushed to; ``*`` matches any characters. Default: none.
        tags: Tags that are pushed; ``*`` matches any characters. Default: none.
        environments: Environments of the jobs, whose protection rules then apply. Default: none.
        pull_requests: Whether pull requests are admitted before they are merged. Default: they are
            not.
        issuer: Another issuer, for GitHub Enterprise: ``CiIssuer.github_actions(url)``. Default:
            github.com's.

    Raises:
        ValidationError: The repository has a wildcard or another form, or the selection is empty
            or selects all jobs.

    Example:
        >>> GitHubActions(repository="acme/payments-api", branches=["main"]).subjects
        ('repo:acme/payments-api:ref:refs/heads/main',)
    """

    repository: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    environments: Sequence[str] = ()
    pull_requests: bool = False
    issuer: CiIssuer = _GITHUB_COM

    def __post_init__(self) -> None:
        """Validate the project."""
        raise_if_invalid("project of GitHub Actions", self.repository, self._errors())

    @property
    def name(self) -> str:
        """The repository, without ids."""
        return re.sub("@[0-9]+", "", self.repository)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        contexts = [
            *(f"ref:refs/heads/{branch}" for branch in self.branches),
            *(f"ref:refs/tags/{tag}" for tag in self.tags),
            # GitHub escapes the colon, which separates the parts of a subject.
            *(f"environment:{name.replace(':', '%3A')}" for name in self.environments),
            *(["pull_request"] if self.pull_requests else ()),
        ]
        return tuple(f"repo:{self.repository}:{context}" for context in contexts)

    def _errors(self) -> Iterator[Diagnostic]:
        if not is_unresolved(self.repository):
            yield from located("repository", _repository_errors(self.repository))
        yield from selection_errors(
            branches=self.branches, tags=self.tags, environments=self.environments
        )
        if not (self.branches or self.tags or self.environments or self.pull_requests):
            yield nothing_selected(branches="main", tags="v*", environments="prod")


def _repository_errors(repository: str) -> Iterator[Diagnostic]:
    if "*" in repository or "?" in repository:
        yield Diagnostic(
            "github-repository-wildcard",
            "a wildcard would admit repositories that others may create",
            remedy="write 'OWNER/NAME', and a role for each repository",
        )
    elif address := _ADDRESS.search(repository):
        yield Diagnostic(
            "github-repository-is-address",
            "is an address, not a name",
            remedy=f"write {address[1]!r}",
        )
    elif not _REPOSITORY.fullmatch(repository):
        yield Diagnostic(
            "github-repository-format",
            "must be 'OWNER/NAME', or with the ids of both 'OWNER@123456/NAME@456789'",
        )
