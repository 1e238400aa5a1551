"""Answer who can do something with a repository, with the chain that gives it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.access.callers import (
    Caller,
    Named,
    identity_caller,
    name_in,
    root_of,
    service_caller,
    set_caller,
)
from ecr_constructs.access.decision import Decision, Reason, decide, is_direct
from ecr_constructs.access.key import key_decision
from ecr_constructs.access.policies import PolicySet, Target, registry_grants, repository_target
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.review.access.capabilities import ASSUME, ASSUMPTIONS
from ecr_constructs.review.access.constraints import all_hold, any_holds, matching
from ecr_constructs.review.access.principals import ACCOUNT, ARN, FEDERATED, SERVICE, PrincipalSet
from ecr_constructs.review.access.values import Pattern, pattern
from ecr_constructs.review.access.wording import describe_principals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.access.policies import Policies
    from ecr_constructs.access.questions import Verb
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant

ORGANIZATION_POLICIES = NotKnown(
    "",
    "ListPolicies",
    "organization policies (SCPs and RCPs) were not read; they can only take access away",
    "organizations",
)
_EVERYTHING = PolicySet("the policies of its own account")
_LOGIN = matching(Pattern("*"))
_UNSURE = (True, None)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain: a principal that assumes a role, or that does what was asked.

    Attributes:
        principal: Who acts.
        role: The role that it assumes. None: it does what was asked.
        reasons: The policies that decide.
    """

    principal: str
    role: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """The answer for one principal.

    Attributes:
        principal: Its ARN, the name of a service, or the principals of a statement in words.
        kind: ``role``, ``user``, ``account``, ``service``, ``federated`` or ``set``.
        answer: True, False, or None: it is not known.
        chain: How, or why not: the roles that it assumes, and then the policies of the last one.
    """

    principal: str
    kind: str
    answer: bool | None
    chain: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class WhoCan:
    """The answer to a question.

    Attributes:
        verb: What was asked.
        repository: The repository in words.
        account: Its account. None: unknown.
        region: Its Region. None: unknown.
        principals: The principals that can or may, yes first; the one that was asked about.
        not_known: What was not read.
    """

    verb: Verb
    repository: str
    account: str | None
    region: str | None
    principals: tuple[Principal, ...]
    not_known: tuple[NotKnown, ...]


@dataclass
class Query:
    """One question about one repository.

    Attributes:
        policies: The policies that were read.
        repository: The repository.
        verb: What is asked.
        unread: What is not known of the policies of the repository's side.
        extra: What else the answer does not include.
    """

    policies: Policies
    repository: Resource
    verb: Verb
    unread: Sequence[NotKnown] = ()
    extra: Sequence[NotKnown] = ()
    _best: dict[str, Principal] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Read the policies of the repository's side."""
        self.target = repository_target(self.policies, self.repository, self.unread)
        registry = registry_grants(self.policies, self.repository)
        self._login = replace(
            self.target,
            what=_LOGIN,
            policy=PolicySet("the registry policy", registry),
            facts={
                key: value for key, value in self.target.facts.items() if "resourcetag" not in key
            },
        )

    def everyone(self) -> WhoCan:
        """Return the principals that can or may."""
        principals = [*self._identities(), *self._others()]
        principals.sort(key=lambda item: item.answer is True)
        unique = {(item.principal, item.kind): item for item in principals}
        listed = [item for item in unique.values() if item.answer is not False]
        listed.sort(key=lambda item: (item.answer is None, item.kind, item.principal))
        return self._result(listed)

    def one(self, named: Named) -> WhoCan:
        """Return the answer for one principal."""
        caller = replace(self._caller_of(named), session=named.session)
        best = {item.principal: item for item in self._identities()}
        if caller.identity is None and self._is_missing(caller):
            reason = Reason("does not exist", f"{caller.kind} {caller.arn}", ())
            step = Step(caller.arn, None, (reason,))
            return self._result([Principal(caller.arn, caller.kind, answer=False, chain=(step,))])
        is_read = not caller.session and caller.arn in best
        answer = best[caller.arn] if is_read else self._with_roles(caller, best)
        gaps = [
            gap
            for account in dict.fromkeys((self.target.account, caller.account or ""))
            if (gap := self.policies.unread.get(account)) is not None
        ]
        if answer.answer is False and gaps:
            # A role that was not read may be one that it can assume.
            reasons = tuple(
                Reason("is not read", "the roles that it may assume", (ASSUME,), unread=gap)
                for gap in gaps
            )
            chain = tuple(replace(step, reasons=(*step.reasons, *reasons)) for step in answer.chain)
            answer = replace(answer, answer=None, chain=chain)
        return self._result([answer])

    def _is_missing(self, caller: Caller) -> bool:
        """Tell whether a role or user definitely does not exist."""
        return caller.kind in ("role", "user") and caller.account in self.policies.complete

    def _result(self, principals: Iterable[Principal]) -> WhoCan:
        stack = self.repository.stack
        listed = tuple(principals)
        gaps = [
            reason.unread
            for item in listed
            for step in item.chain
            for reason in step.reasons
            if reason.unread is not None
        ]
        missing = [*self.policies.unread.values(), *self.target.policy.unread, *gaps]
        return WhoCan(
            self.verb,
            self.target.name,
            stack.account,
            stack.region,
            listed,
            (*dict.fromkeys(missing), *self.extra, ORGANIZATION_POLICIES),
        )

    # The principals.

    def _caller_of(self, named: Named) -> Caller:
        if named.kind == "service":
            return service_caller(named.arn)
        caller = self.policies.by_arn.get(pattern(named.arn, wild=False).text)
        if caller is not None:
            return caller
        if named.session or named.kind in ("role", "user"):
            same = [
                caller
                for caller in self.policies.callers
                if caller.kind == named.kind
                and caller.arn.rpartition("/")[2] == named.name
                and (named.session or not (caller.account or "").isdecimal())
                and (caller.account == named.account or not (caller.account or "").isdecimal())
            ]
            if len(same) == 1:
                return same[0]
        organization = self.policies.organizations.get(named.account)
        return identity_caller(named.arn, named.kind, named.account, organization=organization)

    def _own(self, caller: Caller) -> PolicySet | None:
        own = self.policies.own(caller)
        if own is None and caller.kind in ("role", "user"):
            # What is not read is a gap of the answer.
            gap = self.policies.unread.get(caller.account or "") or NotKnown(
                caller.arn,
                "GetAccountAuthorizationDetails" if self.policies.is_live else "",
                "its policies were not read",
                "iam" if self.policies.is_live else "templates",
            )
            return PolicySet(f"the policies of {caller.arn}", (), [gap])
        return own

    def _itself(self, caller: Caller) -> Decision:
        """Decide what a principal can do without assuming a role."""
        own, boundary = self._own(caller), self.policies.boundary(caller)
        decisions = [
            decide(caller, action, self.target, own, boundary) for action in self.verb.actions
        ]
        if not self.verb.needs_all:
            return _joined(any_holds(item.answer for item in decisions), decisions)
        if caller.kind not in ("service", "set"):
            is_here = caller.account == self.target.account
            login = self._login if is_here else replace(self._login, policy=PolicySet(""))
            login = replace(login, account=caller.account or "")
            decisions += [
                decide(caller, action, login, own, boundary) for action in self.verb.login
            ]
        if self.verb.uses_key and (key := key_decision(self.repository)) is not None:
            decisions.append(key)
        return _joined(all_hold(item.answer for item in decisions), decisions)

    def _identities(self) -> Sequence[Principal]:
        """Return the answer for each role and user that was read, and for the root user."""
        if self._best:
            return list(self._best.values())
        callers = [*self.policies.callers]
        if (account := self.target.account).isdecimal():
            callers.append(identity_caller(root_of(account), "root", account))
        decisions = {caller.arn: self._itself(caller) for caller in callers}
        best = {caller.arn: _principal(caller, decisions[caller.arn]) for caller in callers}
        by_arn = {caller.arn: caller for caller in callers}
        for answer in _UNSURE:
            waiting = [arn for arn, item in best.items() if item.answer in {True, answer}]
            while waiting:
                role = waiting.pop(0)
                for caller in self._may_assume(by_arn[role]):
                    if best[caller.arn].answer is not False and (
                        best[caller.arn].answer is True or answer is None
                    ):
                        continue
                    assumed = self._assumes(caller, by_arn[role])
                    joined = all_hold((assumed.answer, best[role].answer))
                    if joined is False or (answer is True and joined is None):
                        continue
                    best[caller.arn] = _through(caller, assumed, best[role], joined)
                    waiting.append(caller.arn)
        self._best = best
        return list(best.values())

    def _may_assume(self, role: Caller) -> Iterator[Caller]:
        """Yield the principals that were read and that may be able to assume a role."""
        if role.kind != "role":
            return
        trust = self.policies.role_target(role).policy
        callers: dict[str, Caller] = {}
        for grant in trust.grants:
            constraint = grant.principals.get(ARN)
            value = constraint.value if constraint is not None else None
            name = value.text if isinstance(value, Pattern) and not value.is_glob else ""
            if not grant.allows or grant.principals.get(SERVICE) is not None:
                continue
            if name and ":sts:" not in name:
                named = self.policies.by_arn.get(name)
                callers |= {named.arn: named} if named is not None else {}
            else:
                # Whoever is not named itself needs a permission of its own.
                wide = self.policies.callers if is_direct(grant) else self._assuming
                callers |= {caller.arn: caller for caller in wide}
        if trust.unread:
            callers |= {caller.arn: caller for caller in self.policies.callers}
        callers.pop(role.arn, None)
        yield from callers.values()

    @property
    def _assuming(self) -> Sequence[Caller]:
        memo: dict[object, Sequence[Caller]] = self.policies.templates.memo
        if "who-can assuming" not in memo:
            memo["who-can assuming"] = [
                caller
                for caller in self.policies.callers
                if (own := self.policies.own(caller)) is not None
                and (own.unread or any(ASSUME in grant.actions for grant in own.grants))
            ]
        return memo["who-can assuming"]

    def _assumes(self, caller: Caller, role: Caller, action: str = ASSUME) -> Decision:
        target = self.policies.role_target(role)
        return decide(caller, action, target, self._own(caller), self.policies.boundary(caller))

    def _with_roles(self, caller: Caller, best: Mapping[str, Principal]) -> Principal:
        """Return the answer for a principal that is not among those that were read."""
        answers = [_principal(caller, self._itself(caller))]
        for role in self.policies.callers:
            if role.kind == "role" and best[role.arn].answer is not False:
                assumed = self._assumes(caller, role)
                joined = all_hold((assumed.answer, best[role.arn].answer))
                if joined is not False:
                    answers.append(_through(caller, assumed, best[role.arn], joined))
        for wanted in _UNSURE:
            for item in answers:
                if item.answer is wanted:
                    return item
        return answers[0]

    def _others(self) -> Iterator[Principal]:
        """Yield the answers for the principals that policies name and that were not read."""
        for caller in self._named_by(self.target, self.verb.actions):
            yield _principal(caller, self._itself(caller))
        for role in self.policies.callers:
            reached = self._best[role.arn]
            if role.kind == "role" and reached.answer is not False:
                target = self.policies.role_target(role)
                for action in sorted(ASSUMPTIONS):
                    for caller in self._named_by(target, (action,)):
                        assumed = self._assumes(caller, role, action)
                        joined = all_hold((assumed.answer, reached.answer))
                        if joined is not False:
                            yield _through(caller, assumed, reached, joined)

    def _named_by(self, target: Target, actions: Iterable[str]) -> Iterator[Caller]:
        """Yield the principals that statements allow something, without those that were read."""
        wanted = {*actions}
        seen: set[PrincipalSet] = set()
        for grant in target.policy.grants:
            if not grant.allows or not wanted & grant.actions or grant.principals in seen:
                continue
            seen.add(grant.principals)
            caller = self._caller_in(grant, target)
            if caller is not None:
                yield caller

    def _caller_in(self, grant: Grant, target: Target) -> Caller | None:
        parts = dict(grant.principals.parts)
        arn, account = parts.get(ARN), parts.get(ACCOUNT)
        name = arn.value.text if arn is not None and isinstance(arn.value, Pattern) else ""
        if name in self.policies.by_arn:
            return None
        home = account.value.text if account and isinstance(account.value, Pattern) else ""
        if not name and home == target.account and not parts.keys() & {SERVICE, FEDERATED}:
            # Its own account's roles and users are listed by themselves.
            return None
        is_alone = len(parts) == (2 if name else 1)
        if is_alone and (named := name_in(name or home)) is not None:
            return replace(self._caller_of(named), session=named.session)
        label = describe_principals(grant.principals)
        caller = set_caller(label, grant.principals.parts)
        if name and caller.kind == "set" and (named := name_in(name)) is not None:
            # Its own policies decide, too.
            kind, session = named.kind, named.session
            return replace(caller, arn=named.arn, kind=kind, session=session, label=label)
        return caller


def _principal(caller: Caller, decision: Decision) -> Principal:
    step = Step(caller.name, None, decision.reasons)
    return Principal(caller.name, _shown_kind(caller), decision.answer, (step,))


def _shown_kind(caller: Caller) -> str:
    is_federated = any(
        key == FEDERATED and constraint.how == "is" for key, constraint in caller.facts
    )
    kind = "account" if caller.kind == "root" else caller.kind
    return "federated" if is_federated else kind


def _through(
    caller: Caller, assumed: Decision, reached: Principal, answer: bool | None
) -> Principal:
    step = Step(caller.name, reached.principal, _merged(assumed.reasons))
    return Principal(caller.name, _shown_kind(caller), answer, (step, *reached.chain))


def _joined(answer: bool | None, decisions: Iterable[Decision]) -> Decision:
    """Return a decision with the reasons of those that decide it."""
    reasons = [reason for item in decisions if item.answer is answer for reason in item.reasons]
    return Decision(answer, _merged(reasons))


def _merged(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return reasons with one for each statement, for all its actions."""
    merged: dict[object, list[Reason]] = defaultdict(list)
    for reason in reasons:
        statement = reason.grant.statement if reason.grant is not None else None
        where = (id(reason.grant.origin), statement.path) if reason.grant and statement else None
        merged[reason.effect, reason.label, where, reason.unread].append(reason)
    return tuple(
        replace(
            group[0],
            actions=tuple(dict.fromkeys(action for item in group for action in item.actions)),
            depends_on=tuple(dict.fromkeys(part for item in group for part in item.depends_on)),
        )
        for group in merged.values()
    )
