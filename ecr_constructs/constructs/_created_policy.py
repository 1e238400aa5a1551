"""The policy of repositories that ECR creates, which a creation template has as text."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._policy_text import OF_CREATED, PolicyResource, check_statement
from ecr_constructs.model.principals import (
    CODE_BUILD,
    LAMBDA,
    Source,
    account_id_errors,
    check_each,
    check_names,
)
from ecr_constructs.model.repository_policy import (
    document,
    length_errors,
    pull_by_account,
    pull_by_service,
)
from ecr_constructs.model.validation import raise_if_invalid


class CreatedPolicy:
    """The statements of the policy, rendered into the L1 as they are added."""

    def __init__(
        self, scope: Construct, source: Source, statements: Sequence[dict[str, Any]]
    ) -> None:
        """Start with statements; the account and Region are those of the repositories."""
        self._scope = scope
        self._source = source
        self._statements = [*statements]
        self._resource: PolicyResource | None = None

    def render(self, resource: PolicyResource) -> None:
        """Render the statements into the L1, and those that are added from now on."""
        self._resource = resource
        resource.share_policy(resource, OF_CREATED, self._statements)

    def add(self, statement: iam.PolicyStatement) -> None:
        """Add a statement, or raise if ECR would reject it."""
        check_statement(statement)
        self._add(statement.to_statement_json())

    def pull_by_functions(self, functions: Sequence[str], account: str | None) -> None:
        """Allow Lambda to pull for the functions of an account, and that account."""
        check_names("functions", functions)
        if account is not None:
            check_each("account", [account], account_id_errors)
        own = self._source
        source = Source(own.partition, own.region, account or own.account)
        statements = [pull_by_service(LAMBDA, source.functions(functions))]
        if source != own:
            statements.append(pull_by_account(source.account, own.partition))
        self._add(*statements)

    def pull_by_projects(self, projects: Sequence[str]) -> None:
        """Allow CodeBuild to pull for projects of the account."""
        check_names("projects", projects)
        self._add(pull_by_service(CODE_BUILD, self._source.projects(projects)))

    @property
    def rendered(self) -> list[dict[str, Any]]:
        """The statements as they are rendered, with those that other code wrote."""
        assert self._resource is not None
        return self._resource.policy.statements

    def _add(self, *statements: dict[str, Any]) -> None:
        new = [item for item in statements if item not in self._statements]
        errors = length_errors(document([*self._statements, *new]))
        raise_if_invalid("repository policy", new, errors)
        self._statements += new
        if self._resource is not None:
            self._resource.policy.declare(self._statements)
