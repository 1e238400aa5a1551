"""A repository of a pull through cache, which ECR creates at the first pull."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from constructs import Construct

from ecr_constructs.constructs._lambda_access import function_errors
from ecr_constructs.constructs.imported_repository import ImportedRepository
from ecr_constructs.model.principals import admits_functions
from ecr_constructs.model.repository_policy import PULL_ACTIONS
from ecr_constructs.model.validation import ValidationError, reject


class Cache(Protocol):
    """What a repository needs of its pull through cache."""

    @property
    def pull_actions(self) -> Sequence[str]:
        """The actions that a pull through the cache needs, including the first of an image."""

    @property
    def repository_statements(self) -> Sequence[Mapping[str, Any]]:
        """The statements of the policy of each cached repository, as they are rendered."""


class CachedRepository(ImportedRepository):
    """A repository of a pull through cache, which `PullThroughCache.repository` returns.

    ECR creates it at the first pull of an image, on behalf of the principal that pulls, so a grant
    of pulls includes the import. Its policy is that of the cache's creation template: what only
    the policy can grant raises, and the error names the call on the cache.

    Example::

        nginx = cache.repository("library/nginx")
        ecs.ContainerImage.from_ecr_repository(nginx, "1.27")
    """

    def __init__(
        self, scope: Construct, construct_id: str, arn: str, name: str, *, cache: Cache
    ) -> None:
        """Refer to a repository; `PullThroughCache.repository` calls this."""
        super().__init__(scope, construct_id, arn, name, policy_managed_externally=False)
        self._cache = cache
        self._where = f"on the pull through cache {scope.node.path}"

    def _actions_of_identities(self, actions: Sequence[str]) -> Sequence[str]:
        if set(PULL_ACTIONS) <= set(actions):
            return sorted({*actions, *self._cache.pull_actions})
        return actions

    def _function_errors(self) -> list[str]:
        try:
            statements = self._cache.repository_statements
        except ValidationError:
            # Other code wrote the policy; which functions it admits is known only at deploy time.
            return []
        account, _ = self._location
        if not any(admits_functions(statement, account) for statement in statements):
            self._warn_of_lambda(self._where)
        return function_errors(self, self.repository_name, statements, self._location, self._where)

    def _require_external_policy(self, suggestion: str) -> None:
        reject(
            "grant",
            self.node.path,
            "repository-cached",
            "only the repository policy can grant this, and that of a cached repository is the "
            "one of its cache",
            path=self.node.path,
            remedy=(
                f"write {suggestion} {self._where}; other accounts also need "
                "Registry.allow_pull_through_from to import images"
            ),
        )
