"""The policy of an L1 that its construct grants by and other code may write too."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._joined_properties import JoinedProperties, Unreadable
from ecr_constructs.constructs._policy_body import (
    comparable,
    is_other_language,
    merged,
    parsed,
    statements_of,
)
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.repository_policy import document, length_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

Statement = dict[str, Any]


class JoinedPolicy(JoinedProperties[Mapping[str, Any]]):
    """The statements of a policy, each of them once."""

    def add_statements(self, *statements: Statement) -> None:
        """Add statements, or raise if the policy would be one that ECR rejects."""
        former = statements_of(self._requested) if self._requested else ()
        requested = [*former, *statements]
        if requested:
            self.request(merged([document(requested)], self._key))

    @property
    def rendered(self) -> list[Statement]:
        """The statements as they are rendered; raises if other code wrote some that are unknown."""
        requested = [self._requested] if self._requested else []
        foreign = self._foreign(self._written, self._overridden)
        policy = merged([*requested, *foreign], self._key)
        statements: list[Statement] = cdk.Stack.of(self._construct).resolve(policy["Statement"])
        return statements

    def _read(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        [value] = properties.values()
        # A document without statements has no JSON.
        body = parsed((value.to_json() or {}) if isinstance(value, iam.PolicyDocument) else value)
        if body is None:
            raise Unreadable
        if is_other_language(body):
            msg = f"has policy variables and the version {body['Version']}"
            raise Unreadable(msg)
        return body

    def _join(self, states: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        policy = merged(states, self._key)
        raise_if_invalid(self._subject, policy["Statement"], self._policy_errors(policy))
        return policy

    @abstractmethod
    def _policy_errors(self, policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
        """Yield what ECR rejects in a policy."""

    def _key(self, statement: Any) -> str:
        # Equal deploy-time values may have different tokens.
        if is_unresolved(compact(statement)):
            statement = cdk.Stack.of(self._construct).resolve(statement)
        return comparable(statement)


class JoinedRepositoryPolicy(JoinedPolicy):
    """The policy of a repository, or of those that ECR creates."""

    _subject = "repository policy"

    def _policy_errors(self, policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
        return length_errors(policy)
