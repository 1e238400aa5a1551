"""The policy of repositories that ECR creates, which a creation template has as text."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._cfn_properties import json_text
from ecr_constructs.constructs._joined_policy import JoinedRepositoryPolicy
from ecr_constructs.constructs._joined_properties import JoinedResource
from ecr_constructs.constructs._policy_text import check_statement
from ecr_constructs.model.principals import (
    CODE_BUILD,
    LAMBDA,
    Source,
    check_account,
    check_names,
)
from ecr_constructs.model.repository_policy import (
    pull_by_account,
    pull_by_service,
)


class TemplateResource(JoinedResource, ecr.CfnRepositoryCreationTemplate):
    """The L1 of a creation template."""


class CreatedPolicy(JoinedRepositoryPolicy):
    """The statements of the policy, rendered into the L1 as they are added."""

    _names: ClassVar = {"repository_policy": "RepositoryPolicy"}

    def __init__(
        self, scope: Construct, source: Source, statements: Sequence[dict[str, Any]]
    ) -> None:
        """Start with statements; the account and Region are those of the repositories."""
        super().__init__(scope)
        self._source = source
        self.add_statements(*statements)

    def attach_to(self, template: Construct, resource: JoinedResource) -> None:
        """Join what other code writes on the L1 of a template from now on."""
        self._construct = template
        self.attach(resource)

    def add(self, statement: iam.PolicyStatement) -> None:
        """Add a statement, or raise if ECR would reject it."""
        check_statement(statement)
        self.add_statements(statement.to_statement_json())

    def pull_by_functions(self, functions: Sequence[str], account: str | None) -> None:
        """Allow Lambda to pull for the functions of an account, and that account."""
        check_names("functions", functions)
        if account is not None:
            check_account("account", account)
        own = self._source
        source = Source(own.partition, own.region, account or own.account)
        statements = [pull_by_service(LAMBDA, source.functions(functions))]
        if source != own:
            statements.append(pull_by_account(source.account, own.partition))
        self.add_statements(*statements)

    def pull_by_projects(self, projects: Sequence[str]) -> None:
        """Allow CodeBuild to pull for projects of the account."""
        check_names("projects", projects)
        self.add_statements(pull_by_service(CODE_BUILD, self._source.projects(projects)))

    def _properties(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"repository_policy": json_text(self._construct, state)}
