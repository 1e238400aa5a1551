"""Who can do something with a repository, as text, Markdown and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.report.document import Heading, Lines
from ecr_constructs.review.access.wording import describe_condition, describe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.access.decision import Reason
    from ecr_constructs.access.query import Principal, Step, WhoCan
    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.report.document import Block, Colour

ANSWERS = {True: "yes", False: "no", None: "not-known"}
_COLOURS: dict[bool | None, Colour] = {True: "yellow", False: "", None: "cyan"}
_WORDS = {True: "yes", False: "no", None: "not known"}


def blocks(result: WhoCan, *, is_one: bool) -> Iterator[Block]:
    """Yield the answer; about one principal, or the list of all.

    Args:
        result: The answer.
        is_one: Whether it is about one principal.
    """
    question = f"{result.verb.name} {result.repository}{_place(result)}"
    if is_one:
        [item] = result.principals
        answer = _WORDS[item.answer]
        yield Heading(
            f"{answer}: {describe_text(item.principal)}, {question}", _COLOURS[item.answer]
        )
        yield Lines([line for step in item.chain for line in _lines(step)])
    else:
        yield Heading(f"Who can {question}")
        lines = [line for item in result.principals for line in _entry(item)]
        yield Lines(lines or ["no principal that was read"])
    yield Heading("Not known")
    yield Lines([_gap(gap) for gap in result.not_known])


def _place(result: WhoCan) -> str:
    place = "/".join(filter(None, (result.account, result.region)))
    return f" of {place}" if place else ""


def _lines(step: Step) -> Iterator[str]:
    if step.role is not None:
        yield f"{describe_text(step.principal)} assumes {describe_text(step.role)}:"
    if step.role is None and not step.reasons:
        yield "its own account allows it everything, and no policy denies it"
    yield from (f"  {_sentence(reason)}" for reason in step.reasons)


def _entry(item: Principal) -> Iterator[str]:
    yield f"{_WORDS[item.answer]}: {item.kind} {describe_text(item.principal)}"
    for step in item.chain:
        yield from (f"  {line}" for line in _lines(step))


def _sentence(reason: Reason) -> str:
    actions = ", ".join(map(describe_text, reason.actions))
    if reason.unread is not None:
        return f"{describe_text(reason.label)}: {describe_text(reason.unread.reason)}"
    where = ", ".join(filter(None, (policy_of(reason), statement_of(reason))))
    conditions = _conditions(reason)
    suffix = f" if {' and '.join(conditions)}" if conditions else ""
    return f"{where} {reason.effect} {actions}{suffix}"


def policy_of(reason: Reason) -> str:
    """Return the policy of a reason in words: ``policy pull of role ci``."""
    if reason.grant is None or reason.grant.statement is None:
        return describe_text(reason.label)
    origin, path = reason.grant.origin, reason.grant.statement.path
    if path[1:2] == ("Policies",):
        inline = origin.get("Policies", path[2], "PolicyName")
        return f"inline policy {describe_text(str(inline))} of {_owner(reason)}"
    names = {
        "AWS::ECR::Repository": "the repository policy",
        "AWS::ECR::RegistryPolicy": "the registry policy",
    }
    if origin.type in names:
        return names[origin.type]
    if path[1:2] == ("AssumeRolePolicyDocument",):
        return describe_text(reason.label)
    name = origin.text("ManagedPolicyName") or origin.text("PolicyName") or origin.id
    return f"policy {name} of {_owner(reason)}"


def _owner(reason: Reason) -> str:
    return describe_text(reason.label).removeprefix("the policies of ")


def statement_of(reason: Reason) -> str:
    """Return the statement of a reason: its Sid, or its number from 1."""
    statement = reason.grant.statement if reason.grant is not None else None
    if statement is None:
        return ""
    sid, last = statement.body.get("Sid"), statement.path[-1]
    number = last + 1 if isinstance(last, int) else 1
    return f"statement {sid}" if isinstance(sid, str) and sid else f"statement {number}"


def _conditions(reason: Reason) -> list[str]:
    return [
        describe_condition(key, constraint)
        for key, constraint in sorted(reason.depends_on, key=lambda part: (part[0], repr(part[1])))
    ]


def _gap(gap: NotKnown) -> str:
    where = " ".join(filter(None, (gap.source, gap.operation)))
    subject = f" of {describe_text(gap.subject)}" if gap.subject else ""
    return f"{where}{subject}: {describe_text(gap.reason)}"


def to_json(result: WhoCan, *, principal: str | None) -> dict[str, Any]:
    """Return the answer as a JSON document.

    Args:
        result: The answer.
        principal: The principal that was asked about. None: all are listed.
    """
    return {
        "verb": result.verb.name,
        "actions": [*result.verb.login, *result.verb.actions],
        "needs": "all" if result.verb.needs_all else "any",
        "repository": result.repository,
        "account": result.account,
        "region": result.region,
        "principal": principal,
        "answer": ANSWERS[result.principals[0].answer] if principal is not None else None,
        "principals": [_principal(item) for item in result.principals],
        "notKnown": [
            {
                "source": gap.source,
                "operation": gap.operation,
                "subject": describe_text(gap.subject),
                "reason": describe_text(gap.reason),
            }
            for gap in result.not_known
        ],
    }


def _principal(item: Principal) -> dict[str, Any]:
    return {
        "principal": describe_text(item.principal),
        "kind": item.kind,
        "answer": ANSWERS[item.answer],
        "chain": [
            {
                "principal": describe_text(step.principal),
                "assumes": None if step.role is None else describe_text(step.role),
                "reasons": [_reason(reason) for reason in step.reasons],
            }
            for step in item.chain
        ],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "effect": reason.effect,
        "policy": policy_of(reason),
        "statement": statement_of(reason).removeprefix("statement ") or None,
        "actions": [*map(describe_text, reason.actions)],
        "dependsOn": _conditions(reason),
        "notRead": None if reason.unread is None else describe_text(reason.unread.reason),
    }
