"""Statements of policies in an environment file, in AWS's own JSON."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, model_validator

from ecr_constructs.environment.parts import BY_KIND, FLAG, LIST, MAPPING, NUMBER, TEXT, Strict
from ecr_constructs.model.validation import reject

_Texts = Annotated[list[str], Field(min_length=1)]
_OneOrMore = Annotated[Annotated[str, Tag(TEXT)] | Annotated[_Texts, Tag(LIST)], BY_KIND]
_Principal = Annotated[
    Annotated[Literal["*"], Tag(TEXT)]
    | Annotated[
        dict[Literal["AWS", "Service", "Federated", "CanonicalUser"], _OneOrMore],
        Field(min_length=1),
        Tag(MAPPING),
    ],
    BY_KIND,
]
# CDK knows no `?` in an action.
_Action = Annotated[str, Field(pattern=r"^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*]+)$")]
_Actions = Annotated[
    Annotated[_Action, Tag(TEXT)]
    | Annotated[Annotated[list[_Action], Field(min_length=1)], Tag(LIST)],
    BY_KIND,
]
_Value = Annotated[
    Annotated[str, Tag(TEXT)]
    | Annotated[bool, Tag(FLAG)]
    | Annotated[int, Tag(NUMBER)]
    | Annotated[_Texts, Tag(LIST)],
    BY_KIND,
]


class RepositoryStatement(Strict):
    """A statement of a repository policy, as in AWS's JSON. It has no `Resource`."""

    Sid: str | None = None
    """An identifier of the statement."""
    Effect: Literal["Allow", "Deny"]
    """Whether the statement allows or denies the actions."""
    Principal: _Principal | None = None
    """Who the statement is about: `"*"`, or `{AWS: ARN}`, `{Service: NAME}`."""
    NotPrincipal: _Principal | None = None
    """Who the statement is not about."""
    Action: _Actions | None = None
    """The actions, such as `ecr:BatchGetImage`; `*` matches any text."""
    NotAction: _Actions | None = None
    """The actions that the statement is not about."""
    Condition: dict[str, dict[str, _Value]] | None = None
    """Conditions: an operator, such as `StringEquals`, with keys and their values."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for element in self._elements():
            have = [name for name in (element, f"Not{element}") if getattr(self, name) is not None]
            if len(have) != 1:
                reject(
                    "statement",
                    " and ".join(have) or "none",
                    f"statement-not-one-{element.lower()}",
                    f"must have exactly one of {element} and Not{element}, got "
                    f"{' and '.join(have) or 'neither'}",
                )
        return self

    @staticmethod
    def _elements() -> tuple[str, ...]:
        return ("Principal", "Action")

    def document(self) -> dict[str, Any]:
        """Return the statement as AWS's JSON."""
        return self.model_dump(exclude_none=True)


class RegistryStatement(RepositoryStatement):
    """A statement of a registry policy, as in AWS's JSON."""

    Resource: _OneOrMore | None = None
    """ARNs of repositories: `arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*`, or `"*"`."""
    NotResource: _OneOrMore | None = None
    """ARNs of repositories that the statement is not about."""

    @staticmethod
    def _elements() -> tuple[str, ...]:
        return ("Principal", "Action", "Resource")


class EndpointStatement(RegistryStatement):
    """A statement of the policy of a VPC endpoint, as in AWS's JSON."""
