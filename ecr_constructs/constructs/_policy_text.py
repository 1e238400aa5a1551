"""A repository policy that several authors write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NoReturn

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._policy_body import (
    is_other_language,
    merged,
    parsed,
    statements_of,
)
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.repository_policy import document, length_errors
from ecr_constructs.model.validation import raise_if_invalid, reject

_WITH_RESOURCE = Diagnostic(
    "statement-with-resource",
    "a repository policy applies to its own repository: ECR rejects resources",
    "resources",
    "remove the resources of the PolicyStatement",
)


class PolicyAuthors:
    """The repository policy: what was declared and granted, and what other code wrote."""

    def __init__(
        self,
        resource: ecr.CfnRepository,
        repository: Construct,
        statements: Sequence[Mapping[str, Any]],
        render: Callable[[Any], None],
    ) -> None:
        """Start with the statements that the arguments of the repository declare."""
        self._set = render
        self._resource = resource
        self._repository = repository
        # Plain statements until one is added: a document costs calls to Node.
        self._declared = document(statements) if statements else None
        self._document: iam.PolicyDocument | None = None
        self._written: Any = None
        self._overridden: Any = None
        self._rendered: Any = self._declared

    @property
    def _others(self) -> list[Any]:
        """What other code wrote."""
        return [text for text in (self._written, self._overridden) if text is not None]

    def add(self, statement: iam.PolicyStatement) -> None:
        """Add a statement."""
        self.require_mergeable()
        if self._document is None:
            # Made in Python, so that reading the L1 returns the same object.
            self._document = iam.PolicyDocument()
            for declared in statements_of(self._declared or {}):
                self._document.add_statements(iam.PolicyStatement.from_json(declared))
            self._repository.node.add_validation(AtSynthesis(self._errors))
        self._document.add_statements(statement)
        self._render()

    def require_mergeable(self) -> None:
        """Raise if a statement cannot be rendered next to what other code wrote."""
        # Code that is not Python writes past `RepositoryResource.__setattr__`.
        current = self._resource.repository_policy_text
        if current is not self._rendered and current != self._rendered:
            self._written = current
        self._require_readable()

    def write(self, value: Any) -> None:
        """Take what other code writes on the L1; it replaces what other code wrote before."""
        if value is not self._rendered:
            # A caller may change it later, and write it on other repositories too.
            self._written = deepcopy(value) if isinstance(value, dict) else value
            self._change()

    def override(self, below: Sequence[str], value: Any) -> bool:
        """Take an override of the policy or of all its statements, and return whether it is one.

        An override of a part, such as the condition of the second statement, changes what is
        rendered.
        """
        if below not in ([], ["Statement"]):
            return False
        if value is None:
            self._written = self._overridden = None
        elif below:
            earlier = self._overridden if isinstance(self._overridden, Mapping) else {}
            self._overridden = {**earlier, "Statement": value}
        else:
            self._overridden = value
        self._change()
        return True

    def _change(self) -> None:
        if self._declared or self._document:
            if not self._others:
                self._reject("repository-policy-removed", "removes the repository policy", None)
            self._require_readable()
        self._render()

    def _render(self) -> None:
        own = self._document or self._declared
        match self._others:
            case []:
                self._rendered = own
            case [text] if own is None:
                self._rendered = text
            case _:
                self._rendered = _AtSynthesis(self._merged)
        self._set(self._rendered)

    def _merged(self, context: cdk.IResolveContext) -> dict[str, Any]:
        return merged(
            context.resolve(parsed(text) if isinstance(text, str) else text)
            for text in (*self._others, self._document or self._declared)
        )

    def _errors(self) -> Iterator[str]:
        """Yield the errors of the statements, at synthesis as CDK's own repository does."""
        assert self._document is not None
        if self._resource.repository_policy_text is not self._rendered:
            error = Diagnostic(
                "repository-policy-overwritten",
                "code that is not Python replaced the repository policy on the L1 after "
                "statements were granted",
                remedy="let it run before the grants, or use add_to_resource_policy",
            )
            yield str(error)
            return
        yield from self._document.validate_for_any_policy()
        yield from _later_resources(self._document)
        texts = (*self._others, self._document)
        bodies = (
            text.to_json() if isinstance(text, iam.PolicyDocument) else self._body(text)
            for text in texts
        )
        statements = [statement for body in bodies for statement in statements_of(body or {})]
        yield from map(str, length_errors(document(statements)))

    def _require_readable(self) -> None:
        """Raise if what other code wrote cannot be rendered together with other statements."""
        for text in self._others:
            if isinstance(text, iam.PolicyDocument):
                continue
            body = self._body(text)
            if body is None:
                message = "is known only at deploy time, or is not a policy"
                self._reject("repository-policy-unresolved", message, text)
            if is_other_language(body):
                message = f"has policy variables and the version {body['Version']}"
                self._reject("repository-policy-version", message, text)

    def _body(self, text: Any) -> Mapping[str, Any] | None:
        """Return a policy that other code wrote, or None if it cannot be read."""
        body = parsed(text)
        return parsed(cdk.Stack.of(self._resource).resolve(text)) if body is None else body

    def _reject(self, code: str, message: str, text: Any) -> NoReturn:
        path = self._repository.node.path
        reject(
            "repository policy",
            text,
            code,
            f"what is written on the L1 of {path} {message}, and the repository has statements "
            "of its arguments, grants or add_to_resource_policy",
            path=path,
            remedy="write a dictionary or an iam.PolicyDocument, or pass the statements to "
            "add_to_resource_policy instead",
        )


def _later_resources(policy: iam.PolicyDocument) -> Iterator[str]:
    """Yield an error if a statement got resources after it was added."""
    statements = statements_of(policy.to_json())
    if any(statement.keys() & {"Resource", "NotResource"} for statement in statements):
        yield str(_WITH_RESOURCE)


def check_statement(statement: iam.PolicyStatement) -> None:
    """Reject a statement that ECR rejects in the policy of a repository."""
    errors = []
    if not statement.has_principal:
        errors.append(
            Diagnostic(
                "statement-without-principal",
                "a statement of a repository policy needs a principal",
                "principals",
                "give the PolicyStatement principals, such as "
                "[iam.AccountPrincipal('444455556666')]",
            )
        )
    if not (statement.actions or statement.not_actions):
        errors.append(
            Diagnostic(
                "statement-without-action",
                "a statement needs at least one action",
                "actions",
                "give the PolicyStatement actions",
            )
        )
    if statement.has_resource:
        errors.append(_WITH_RESOURCE)
    if errors:
        raise_if_invalid("repository policy", statement.to_statement_json(), errors)


@jsii.implements(cdk.IResolvable)
class _AtSynthesis:
    """A value that Python produces when CDK renders it."""

    def __init__(self, produce: Callable[[cdk.IResolveContext], Any]) -> None:
        self._produce = produce

    @property
    def creation_stack(self) -> list[str]:
        """Return no stack trace."""
        return []

    @property
    def type_hint(self) -> None:
        """Return no type."""
        return

    def resolve(self, context: cdk.IResolveContext) -> Any:
        """Return the value; CDK calls this several times."""
        return self._produce(context)

    def to_string(self) -> str:
        """Return a mark for the value."""
        return cdk.Token.as_string(self)
