"""A policy of ECR that several authors write."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._authored_resource import AuthoredResource, name_in_cloudformation
from ecr_constructs.constructs._cfn_properties import json_text
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.registry_policy import length_errors as registry_length_errors
from ecr_constructs.model.repository_policy import document, length_errors
from ecr_constructs.model.tokens import filled, is_list_mark
from ecr_constructs.model.validation import raise_if_invalid, reject

_VERSION = "2012-10-17"
_KEYS = {"Version", "Id", "Statement"}
_WITH_RESOURCE = Diagnostic(
    "statement-with-resource",
    "a repository policy applies to its own repository: ECR rejects resources",
    "resources",
    "remove the resources of the PolicyStatement",
)


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """A policy that a resource of ECR has.

    Attributes:
        name: Its name in messages; with dashes, the beginning of its codes.
        attribute: The attribute of the L1.
        alternative: What takes statements, in place of the L1.
        length_errors: Yields an error if the policy is too long.
        is_text: Whether the property is a text, in place of an object.
    """

    name: str
    attribute: str
    alternative: str
    length_errors: Callable[[Mapping[str, Any]], Iterator[Diagnostic]] = length_errors
    is_text: bool = False

    def code(self, problem: str) -> str:
        """Return the code of a problem of the policy."""
        return f"{self.name.replace(' ', '-')}-{problem}"


OF_REPOSITORY = PolicyKind("repository policy", "repository_policy_text", "add_to_resource_policy")
OF_CREATED = PolicyKind(
    "repository policy", "repository_policy", "add_to_repository_policy", is_text=True
)
OF_PUBLIC = PolicyKind("repository policy", "repository_policy_text", "push_accounts")
OF_REGISTRY = PolicyKind(
    "registry policy", "policy_text", "add_to_registry_policy", registry_length_errors
)


class PolicyAuthors:
    """A policy: what was declared and granted, and what other code wrote."""

    def __init__(
        self,
        resource: cdk.CfnResource,
        owner: Construct,
        kind: PolicyKind,
        render: Callable[[Any], None],
        statements: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Start with the statements with which the resource was defined."""
        self._set = render
        self._resource = resource
        self._owner = owner
        self._kind = kind
        # Plain statements until one is added: a document costs calls to Node.
        self._declared = document(statements) if statements else None
        self._document: iam.PolicyDocument | None = None
        self._written: Any = None
        self._overridden: Any = None
        self._rendered: Any = self._declared
        self._is_validated = False

    @property
    def _current(self) -> Any:
        return getattr(self._resource, self._kind.attribute)

    @property
    def statements(self) -> list[dict[str, Any]]:
        """The statements of all authors, with deploy-time values as CloudFormation has them."""
        stack = cdk.Stack.of(self._resource)
        texts = (*self._others, self._document or self._declared)
        bodies = [stack.resolve(_parsed(text) or text) for text in texts if text is not None]
        statements = [
            statement
            for body in bodies
            if isinstance(body, Mapping)
            for statement in _statements(body)
        ]
        return [*{_comparable(statement): statement for statement in statements}.values()]

    def _is_overwritten(self) -> bool:
        current = self._current
        return current is not self._rendered and current != self._rendered

    @property
    def _others(self) -> list[Any]:
        """What other code wrote."""
        return [text for text in (self._written, self._overridden) if text is not None]

    def declare(self, statements: Sequence[Mapping[str, Any]]) -> None:
        """Set the statements of this library."""
        self.require_mergeable()
        self._declared = document(statements)
        self._render()

    def add(self, statement: iam.PolicyStatement) -> None:
        """Add a statement."""
        self.require_mergeable()
        if self._document is None:
            # Made in Python, so that reading the L1 returns the same object.
            self._document = iam.PolicyDocument()
            for declared in _statements(self._declared or {}):
                self._document.add_statements(iam.PolicyStatement.from_json(declared))
        self._document.add_statements(statement)
        self._render()

    def require_mergeable(self) -> None:
        """Raise if a statement cannot be rendered next to what other code wrote."""
        # Code that is not Python writes past `RepositoryResource.__setattr__`.
        if self._is_overwritten():
            self._written = self._current
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
                self._reject("removed", f"removes the {self._kind.name}", None)
            self._require_readable()
        self._render()

    def _render(self) -> None:
        own = self._document or self._declared
        match self._others:
            case []:
                is_text = self._kind.is_text and own is not None
                self._rendered = json_text(self._resource, own) if is_text else own
            case [text] if own is None:
                self._rendered = text
            case _:
                merged = _AtSynthesis(self._merged)
                self._rendered = cdk.Token.as_string(merged) if self._kind.is_text else merged
        self._set(self._rendered)
        if self._document or self._others:
            self.validate()

    def validate(self) -> None:
        """Validate the policy at synthesis, when all of it is there."""
        if not self._is_validated:
            self._is_validated = True
            self._owner.node.add_validation(AtSynthesis(self._errors))

    def _merged(self, context: cdk.IResolveContext) -> Any:
        merged: dict[str, Any] = {}
        statements: dict[str, Any] = {}
        for text in (*self._others, self._document or self._declared):
            body = context.resolve(_parsed(text) if isinstance(text, str) else text)
            merged |= body
            for statement in _statements(body):
                # Code that reads the policy and adds to it writes all of it.
                statements.setdefault(_comparable(statement), statement)
        joined = {**merged, "Version": _VERSION, "Statement": [*statements.values()]}
        if self._kind.is_text:
            return context.resolve(cdk.Stack.of(self._resource).to_json_string(joined))
        return joined

    def _errors(self) -> Iterator[str]:
        """Yield the errors of the statements, at synthesis as CDK's own repository does."""
        if self._is_overwritten():
            error = Diagnostic(
                self._kind.code("overwritten"),
                f"code that is not Python replaced the {self._kind.name} on the L1 after "
                "statements were added",
                remedy=f"let it run before, or use {self._kind.alternative}",
            )
            yield str(error)
            return
        if self._document is not None:
            yield from self._document.validate_for_any_policy()
            yield from _later_resources(self._document)
        # What only the deployment knows adds to the length.
        statements = [_least(statement) for statement in self.statements]
        yield from map(str, self._kind.length_errors(document(statements)))

    def _require_readable(self) -> None:
        """Raise if what other code wrote cannot be rendered together with other statements."""
        for text in self._others:
            if isinstance(text, iam.PolicyDocument):
                continue
            body = self._body(text)
            if body is None:
                message = "is known only at deploy time, or is not a policy"
                self._reject("unresolved", message, text)
            # In the earlier version they are plain text.
            version = body.get("Version", _VERSION)
            if version != _VERSION and "${" in filled(json.dumps(body, default=str), ""):
                message = f"has policy variables and the version {version}"
                self._reject("version", message, text)

    def _body(self, text: Any) -> Mapping[str, Any] | None:
        """Return a policy that other code wrote, or None if it cannot be read."""
        body = _parsed(text)
        return _parsed(cdk.Stack.of(self._resource).resolve(text)) if body is None else body

    def _reject(self, problem: str, message: str, text: Any) -> NoReturn:
        path, kind = self._owner.node.path, self._kind
        reject(
            kind.name,
            text,
            kind.code(problem),
            f"what is written on the L1 of {path} {message}, and it has statements of arguments, "
            f"grants or {kind.alternative}",
            path=path,
            remedy="write a dictionary or an iam.PolicyDocument, or pass the statements to "
            f"{kind.alternative} instead",
        )


class PolicyResource(AuthoredResource):
    """A resource with a policy of several authors."""

    policy: PolicyAuthors

    def share_policy(
        self, owner: Construct, kind: PolicyKind, statements: Sequence[Mapping[str, Any]]
    ) -> None:
        """Declare the first statements, and join what other code writes from now on."""
        self.policy = PolicyAuthors(self, owner, kind, self._setter(kind.attribute))
        if statements:
            self.policy.declare(statements)
        self.policy.validate()
        self._authors = {name_in_cloudformation(kind.attribute): self.policy}


def _later_resources(policy: iam.PolicyDocument) -> Iterator[str]:
    """Yield an error if a statement got resources after it was added, which ECR rejects."""
    statements = _statements(policy.to_json() or {})
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


def _parsed(text: Any) -> Mapping[str, Any] | None:
    """Return the policy in a text or a dictionary, or None if it cannot be read."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:
            return None
    # A function of CloudFormation has another key.
    if not isinstance(text, Mapping) or text.keys() - _KEYS:
        return None
    statements = text.get("Statement", [])
    is_function = isinstance(statements, Mapping) and len(statements) == 1
    is_list = isinstance(statements, Mapping | list) and not any(map(is_list_mark, statements))
    return text if is_list and not is_function else None


def _statements(body: Mapping[str, Any]) -> Sequence[Any]:
    statements = body.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _least(value: Any) -> Any:
    """Return a rendered value without what only the deployment knows."""
    match value:
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(str(_least(part)) for part in parts)
        case {"Ref": _}:
            return ""
        case dict():
            is_function = any(key.startswith("Fn::") for key in value)
            return "" if is_function else {key: _least(item) for key, item in value.items()}
        case list():
            return [_least(item) for item in value]
        case _:
            return value


def _comparable(value: Any) -> str:
    """Return a text that is equal for equal statements, whatever the order of their parts."""
    if isinstance(value, dict):
        return json.dumps({key: _comparable(item) for key, item in sorted(value.items())})
    if isinstance(value, list):
        return (
            json.dumps(sorted(map(_comparable, value)))
            if len(value) != 1
            else _comparable(value[0])
        )
    return json.dumps(value, default=str)


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
