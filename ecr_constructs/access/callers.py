"""Who asks: what each request of a principal has, as the constraints that policies test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.review.access.constraints import ABSENT, any_holds, implies, matching
from ecr_constructs.review.access.constraints import contradict as never_both
from ecr_constructs.review.access.principals import (
    ACCOUNT,
    ARN,
    FEDERATED,
    IDENTITY,
    NAMED,
    ORGANIZATION,
    ORGANIZATION_PATHS,
    SERVICE,
)
from ecr_constructs.review.access.values import Pattern, pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ecr_constructs.review.access.constraints import Constraint
    from ecr_constructs.review.access.identities import Identity
    from ecr_constructs.review.access.principals import Part

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|sts)::(?P<account>\d{12}):"
    r"(?:(?P<root>root)|(?P<kind>role|user|assumed-role)/(?P<name>[^*?]+))"
)
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.com(?:\.cn)?")
# The id that IAM writes in a policy in place of the ARN of a deleted role or user.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_DELETED = re.compile(r"A(?:ROA|IDA)[A-Z0-9]{12,}")
_SESSION = re.compile(r"arn:aws:sts::(?P<account>[^:]*):assumed-role/(?P<role>[^/]+)/.+", re.DOTALL)
_TAG = "aws:principaltag/"
# ECR is reached by HTTPS only: https://docs.aws.amazon.com/general/latest/gr/ecr.html
_OF_EVERYONE = {"aws:securetransport": "true"}
# A role or user asks itself; these keys are about services that ask.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_OF_IDENTITIES = {"aws:principalisawsservice": "false", "aws:viaawsservice": "false"}
_OF_SERVICES = {"aws:principalisawsservice": "true"}
_ABSENT_FOR_IDENTITIES = (
    *(SERVICE, FEDERATED, "aws:sourcearn", "aws:sourceaccount", "aws:calledvia"),
    *("aws:sourceorgid", "aws:sourceorgpaths", "aws:principalservicename"),
)
_ABSENT_FOR_SERVICES = (
    *(FEDERATED, ACCOUNT, ARN, ORGANIZATION, ORGANIZATION_PATHS),
    *("aws:username", "aws:userid"),
)


class AccessError(DiagnosticError):
    """The question cannot be answered as it was asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal that asks.

    Attributes:
        arn: Its ARN, the name of a service, or the constraints of a set in words.
        kind: ``role``, ``user``, ``root``, ``service``, or ``set`` for the principals that a
            statement names together.
        account: Its account. None: it has none, or several.
        facts: What each of its requests has.
        identity: The role or user, if its policies are read.
        closed_tags: Whether it has no other tags than those in the facts.
        session: The ARN of the session that asks; empty: any session of the role.
        label: How answers call it; empty: by its ARN.
    """

    arn: str
    kind: str
    account: str | None
    facts: frozenset[Part] = field(repr=False)
    identity: Identity | None = field(default=None, repr=False)
    closed_tags: bool = False
    session: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        """How answers call it."""
        return self.label or self.session or self.arn

    def meets(
        self,
        parts: Iterable[Part],
        extra: Mapping[str, frozenset[Constraint]],
        closed: tuple[str, ...] = (),
    ) -> Meeting:
        """Tell whether its requests meet constraints, given what else is known of a request.

        Args:
            parts: The constraints, all of which must be met.
            extra: The facts of the request by key.
            closed: How keys begin that are absent if they are not among these facts. Default:
                none are.
        """
        open_parts: list[Part] = []
        facts = self._with(extra)
        closed += (_TAG,) if self.closed_tags else ()
        for key, wanted in parts:
            if key not in facts and key.startswith(closed):
                facts[key] = {ABSENT}
            answer = self._meets(key, _filled(wanted, facts), facts.get(key, set()))
            if answer is False:
                return Meeting(False)  # noqa: FBT003 - one of three values
            if answer is None:
                open_parts.append((key, wanted))
        return Meeting(None if open_parts else True, tuple(open_parts))

    def fill(
        self, constraint: Constraint, extra: Mapping[str, frozenset[Constraint]]
    ) -> Constraint:
        """Return a constraint with the values of policy variables, as far as they are known."""
        value = constraint.value
        has_variables = isinstance(value, Pattern) and value.placeholders
        return _filled(constraint, self._with(extra)) if has_variables else constraint

    def _with(self, extra: Mapping[str, frozenset[Constraint]]) -> dict[str, set[Constraint]]:
        facts: dict[str, set[Constraint]] = {key: set(values) for key, values in extra.items()}
        for key, constraint in self.facts:
            facts.setdefault(key, set()).add(constraint)
        return facts

    def _meets(self, key: str, wanted: Constraint, facts: set[Constraint]) -> bool | None:
        if wanted in facts:
            return True
        if key == NAMED:
            return self._is_named(wanted)
        if key == ARN and not wanted.key and (match := _SESSION.fullmatch(_text_of(wanted))):
            return self._is_session(match)
        if key == SERVICE and self.kind == "service":
            return any_holds(implies(fact, wanted) for fact in facts)
        answers = [implies(fact, wanted) for fact in facts]
        if True in answers:
            return True
        # A set of requests that is not within another one may still meet it in part.
        return False if any(never_both(fact, wanted) for fact in facts) else None

    def _is_session(self, match: re.Match[str]) -> bool | None:
        """Tell whether a principal that is one session of a role is this one."""
        name = self.arn.rpartition("/")[2]
        if self.kind != "role" or (match["account"], match["role"]) != (self.account, name):
            return None if self.kind == "set" else False
        return pattern(self.session, wild=False).text == match[0] if self.session else None

    def _is_named(self, wanted: Constraint) -> bool | None:
        """Tell whether principals that are listed by unusual names, or excluded, include it."""
        if wanted.how == "is" and isinstance(value := wanted.value, Pattern):
            return False if _DELETED.fullmatch(value.text) else None
        if wanted.how != "is not" or self.kind == "set":
            return None
        names = [self.arn, *filter(None, [self.session])]
        if self.account:
            names += [self.account, root_of(self.account)]
        listed = [
            implies(matching(pattern(name, wild=False)), wanted) for name in dict.fromkeys(names)
        ]
        if all(answer is True for answer in listed):
            return True
        return False if False in listed else None


@dataclass(frozen=True, slots=True)
class Meeting:
    """Whether requests meet constraints.

    Attributes:
        answer: None: it depends on something that is not known.
        depends_on: The constraints that decide then.
    """

    answer: bool | None
    depends_on: tuple[Part, ...] = ()


def _filled(constraint: Constraint, facts: Mapping[str, set[Constraint]]) -> Constraint:
    value = constraint.value
    if not isinstance(value, Pattern):
        return constraint
    text = value.text
    for variable in value.placeholders:
        texts = {_text_of(fact) for fact in facts.get(variable[2:-1].lower(), ())}
        known_text = texts.pop() if len(texts) == 1 else ""
        if not known_text or set(known_text) & set("*?$"):
            return constraint
        text = text.replace(variable, known_text.lower() if value.ignores_case else known_text)
    return replace(constraint, values=frozenset({replace(value, text=text)}))


def _text_of(constraint: Constraint) -> str:
    value = constraint.value
    return value.text if isinstance(value, Pattern) else ""


def root_of(account: str) -> str:
    """Return the ARN of an account, in the form that policies are compared in."""
    return f"arn:aws:iam::{account}:root"


def identity_caller(
    arn: str,
    kind: str,
    account: str,
    *,
    identity: Identity | None = None,
    tags: Mapping[str, str] | None = None,
    organization: Constraint | None = None,
) -> Caller:
    """Return a role, a user or the root user of an account.

    Args:
        arn: Its ARN.
        kind: ``role``, ``user`` or ``root``.
        account: Its account.
        identity: What its policies are attached to. Default: they are not read.
        tags: All its tags. Default: unknown.
        organization: The constraint of its organization. Default: unknown.
    """
    facts: set[Part] = {
        (ACCOUNT, matching(Pattern(account))),
        (ARN, matching(pattern(arn, wild=False))),
        *((key, ABSENT) for key in _ABSENT_FOR_IDENTITIES),
        *_literals(_OF_EVERYONE | _OF_IDENTITIES),
        *_literals({f"{_TAG}{key.lower()}": value for key, value in (tags or {}).items()}),
    }
    if organization is not None:
        facts.add((ORGANIZATION, organization))
        if organization == ABSENT:
            facts.add((ORGANIZATION_PATHS, ABSENT))
    if identity is not None:
        facts.add(identity.part)
    return Caller(arn, kind, account, frozenset(facts), identity, tags is not None)


def service_caller(name: str) -> Caller:
    """Return an AWS service that asks on its own."""
    facts: set[Part] = {
        (SERVICE, matching(pattern(name, wild=False))),
        *((key, ABSENT) for key in _ABSENT_FOR_SERVICES),
        *_literals(_OF_EVERYONE | _OF_SERVICES),
    }
    return Caller(name, "service", None, frozenset(facts))


def set_caller(label: str, parts: frozenset[Part]) -> Caller:
    """Return the principals that meet constraints, such as those of a statement."""
    keys = {key for key, _ in parts}
    if SERVICE in keys:
        facts = {part for part in parts if part[0] != IDENTITY}
        facts |= {(key, ABSENT) for key in _ABSENT_FOR_SERVICES}
        facts |= {*_literals(_OF_EVERYONE | _OF_SERVICES)}
        return Caller(label, "service", None, frozenset(facts))
    facts = {*parts, (SERVICE, ABSENT), *_literals(_OF_EVERYONE | _OF_IDENTITIES)}
    if FEDERATED not in keys:
        facts.add((FEDERATED, ABSENT))
    return Caller(label, "set", _account_in(parts), frozenset(facts))


def _account_in(parts: frozenset[Part]) -> str | None:
    """Return the account of principals, if it is one."""
    accounts = {
        value.text
        for key, constraint in parts
        if key == ACCOUNT and isinstance(value := constraint.value, Pattern) and not value.is_glob
    }
    return accounts.pop() if len(accounts) == 1 else None


def _literals(values: Mapping[str, str]) -> Iterable[Part]:
    return [(key, matching(pattern(value, wild=False))) for key, value in values.items()]


@dataclass(frozen=True, slots=True)
class Named:
    """A principal as the user names it.

    Attributes:
        arn: The ARN; that of the role for one of its sessions, whose path is unknown.
        kind: ``role``, ``user``, ``root`` or ``service``.
        account: The account; empty for a service.
        name: The name without path, of a session its role; empty for an account and a service.
        session: The ARN of the session, if it is one.
    """

    arn: str
    kind: str
    account: str = ""
    name: str = ""
    session: str = ""


def read_principal(text: str) -> Named:
    """Return the principal of an ARN, an account or a service.

    Raises:
        AccessError: ``principal-form``: it is none of these.
    """
    named = name_in(text)
    if named is None:
        message = (
            f"--principal {text!r} is not the ARN of a role, a user, a session or an account, nor "
            "an account id, nor a service such as lambda.amazonaws.com"
        )
        remedy = "write for example arn:aws:iam::111122223333:role/ci"
        raise AccessError(Diagnostic("principal-form", message, remedy=remedy))
    return named


def name_in(text: str) -> Named | None:
    """Return the principal of an ARN, an account or a service; None if it is none of these."""
    if re.fullmatch(r"\d{12}", text):
        return Named(root_of(text), "root", text)
    if _SERVICE.fullmatch(text):
        return Named(text, "service")
    match = _ARN.fullmatch(text)
    if match is None:
        return None
    if match["root"]:
        return Named(text, "root", match["account"])
    if match["kind"] == "assumed-role":
        role = match["name"].split("/")[0]
        arn = f"arn:{match['partition']}:iam::{match['account']}:role/{role}"
        return Named(arn, "role", match["account"], role, session=text)
    return Named(text, match["kind"], match["account"], match["name"].rpartition("/")[2])
