"""Decide whether a request is allowed: yes, no, or not known, and because of which statements.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Within an account either side is enough, across accounts both sides are needed; an explicit Deny
wins; a permissions boundary limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import all_hold, any_holds, texts_of
from ecr_constructs.review.access.grants import EVERYTHING, is_about
from ecr_constructs.review.access.principals import ARN, NAMED, SERVICE, UNRESOLVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecr_constructs.access.callers import Caller
    from ecr_constructs.access.policies import PolicySet, Target
    from ecr_constructs.review.access.grants import Grant
    from ecr_constructs.review.access.principals import Part

Effect = Literal[
    "allows", "denies", "does not allow", "may allow", "may deny", "is not read", "does not exist"
]


@dataclass(frozen=True, slots=True)
class Reason:
    """One policy, and what it says to a request.

    Attributes:
        effect: What it does.
        label: The policies in words: ``the policies of role ci``.
        actions: The actions.
        grant: The statement; None: no statement, or one that is not read.
        depends_on: What decides, if it may allow or may deny.
        unread: What is not read.
    """

    effect: Effect
    label: str
    actions: tuple[str, ...]
    grant: Grant | None = None
    depends_on: tuple[Part, ...] = ()
    unread: NotKnown | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request: True, False, or None if it is not known; with its reasons."""

    answer: bool | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A statement that is, or may be, about a request."""

    grant: Grant
    answer: bool | None
    depends_on: tuple[Part, ...] = ()


class _Side:
    """What the policies of one side say to a request."""

    def __init__(
        self,
        policies: PolicySet,
        caller: Caller,
        action: str,
        target: Target,
    ) -> None:
        self.label, self.unread = policies.label, policies.unread
        self.allows: list[_Hit] = []
        self.denies: list[_Hit] = []
        for grant in policies.grants:
            hit = _hit(grant, caller, action, target)
            if hit is None:
                continue
            has_effect = not any(key == UNRESOLVED for key, _ in grant.principals.parts)
            if grant.allows:
                self.allows.append(hit)
            if not grant.allows or not has_effect:
                self.denies.append(hit)

    @property
    def _missing(self) -> list[bool | None]:
        return [None] if self.unread else []

    @property
    def allowed(self) -> bool | None:
        return any_holds([*(hit.answer for hit in self.allows), *self._missing])

    @property
    def denied(self) -> bool | None:
        return any_holds([*(hit.answer for hit in self.denies), *self._missing])

    def reasons(self, effect: Effect, hits: Iterable[_Hit], action: str) -> list[Reason]:
        return [Reason(effect, self.label, (action,), hit.grant, hit.depends_on) for hit in hits]

    def gaps(self, action: str) -> list[Reason]:
        return [
            Reason("is not read", self.label, (action,), unread=unread) for unread in self.unread
        ]


def _hit(grant: Grant, caller: Caller, action: str, target: Target) -> _Hit | None:
    about = grant.what == EVERYTHING or is_about(target.what, caller.fill(grant.what, target.facts))
    acts = True if action in grant.actions else _may_act(grant)
    if about is False or acts is False:
        return None
    named = _names(grant, caller)
    meeting = caller.meets(grant.principals.parts, target.facts, target.closed)
    answer = all_hold((about, acts, named, meeting.answer))
    return None if answer is False else _Hit(grant, answer, meeting.depends_on)


def _may_act(grant: Grant) -> bool | None:
    """Tell whether unresolved actions of a statement may be a wanted one."""
    statement = grant.statement
    written = (*grant.actions, *(statement.actions if statement else ()))
    return None if any(map(is_unresolved, written)) else False


def _names(grant: Grant, caller: Caller) -> bool | None:
    """Tell whether a statement can name an AWS service, if the caller is one.

    Whether ``*`` includes AWS services is not documented.
    """
    if caller.kind != "service" or any(key == SERVICE for key, _ in grant.principals.parts):
        return True
    return None if _is_for_all(grant) else False


def _is_for_all(grant: Grant) -> bool:
    """Tell whether a statement is for everyone, or for everyone except some."""
    statement = grant.statement
    return statement is not None and (statement.is_for_anyone or "NotPrincipal" in statement.body)


def is_direct(grant: Grant) -> bool:
    """Tell whether a statement names the principal itself, or everyone, and not its account."""
    return _is_for_all(grant) or any(
        key in (ARN, NAMED) and not constraint.key for key, constraint in grant.principals.parts
    )


def decide(
    caller: Caller,
    action: str,
    target: Target,
    own: PolicySet | None,
    boundary: PolicySet | None,
) -> Decision:
    """Decide whether a request is allowed.

    Args:
        caller: Who asks.
        action: The action: ``ecr:BatchGetImage``.
        target: What it is about.
        own: The policies of the caller. None: it has none that limit it, as a service, or the root
            user of an account, or principals whose own accounts allow them everything.
        boundary: The permissions boundary. None: there is none.
    """
    there = _Side(target.policy, caller, action, target)
    mine = _Side(own, caller, action, target) if own else None
    limit = _Side(boundary, caller, action, target) if boundary else None
    direct = any_holds(hit.answer for hit in there.allows if is_direct(hit.grant))
    by_resource = there.allowed
    if there.unread and direct is False:
        direct = None
    by_identity = True if mine is None else mine.allowed
    within = True if limit is None else limit.allowed
    is_same = _is_same(caller.account, target.account)
    if caller.kind == "service":
        allowed = by_resource
    else:
        # Nobody assumes a role that its trust policy does not allow.
        needed = by_resource if target.needs_policy else True
        alone = any_holds(
            [
                all_hold((by_identity, within, needed)),
                all_hold((direct, _unlimited(caller, there, within=within))),
            ]
        )
        both = all_hold((by_identity, within, by_resource))
        allowed = {True: alone, False: both, None: alone if alone == both else None}[is_same]
    sides = [side for side in (there, mine, limit) if side is not None]
    denied = any_holds(side.denied for side in sides)
    answer = all_hold((None if denied is None else not denied, allowed))
    if answer is None and allowed is None and caller.kind != "service" and is_same is None:
        accounts = NotKnown(
            target.name, "", f"whether it is in account {caller.account} is not known", "templates"
        )
        gap = Reason("is not read", target.name, (action,), unread=accounts)
        return Decision(answer, (*_reasons(answer, action, sides), gap))
    return Decision(answer, tuple(_reasons(answer, action, sides)))


def _unlimited(caller: Caller, there: _Side, *, within: bool | None) -> bool | None:
    """Tell whether a boundary leaves alone what a resource policy allows.

    It does not limit what a resource policy gives to a user, or to a session, by name.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    by_name = any_holds(
        hit.answer
        for hit in there.allows
        for key, how in hit.grant.principals.parts
        if key == ARN
        and not how.key
        and (caller.kind == "user" or any(":sts:" in text for text in texts_of(how)))
    )
    return any_holds((within, by_name))


def _is_same(one: str | None, other: str) -> bool | None:
    """Tell whether two accounts are the same."""
    if one == other and other:
        return True
    if not one or not other or is_unresolved(one) or is_unresolved(other):
        return None
    return False


def _reasons(
    answer: bool | None,
    action: str,
    sides: Sequence[_Side],
) -> list[Reason]:
    denies = [
        reason
        for side in sides
        for reason in side.reasons("denies", (hit for hit in side.denies if hit.answer), action)
    ]
    if answer is False and denies:
        return denies
    allows = [
        reason
        for side in sides
        for reason in side.reasons("allows", (hit for hit in side.allows if hit.answer), action)
    ]
    if answer:
        return allows
    lacking = [
        Reason("does not allow", side.label, (action,)) for side in sides if side.allowed is False
    ]
    if answer is False:
        return lacking
    unclear: list[Reason] = []
    for side in sides:
        unsure = [
            [hit for hit in hits if hit.answer is None] for hits in (side.denies, side.allows)
        ]
        unclear += side.reasons("may deny", unsure[0], action)
        unclear += side.reasons("may allow", unsure[1], action)
    gaps = [gap for side in sides for gap in side.gaps(action)]
    return [*allows, *unclear, *gaps]
