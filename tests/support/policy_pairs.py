"""Random pairs of policies, and whether the second one allows what the first one does not.

`policy_evaluator` decides, request by request, without any code of the product: every principal
with every combination of the values that the conditions of a pair can tell apart.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any

from tests.support.policy_evaluator import Caller, Request
from tests.support.rule_examples.build import document, repository, resource
from tests.unit.review.access_sides import WIDENED, access_changes

Body = dict[str, Any]
Policy = list[Body]

HOME, PARTNER, OTHER = "111122223333", "444455556666", "777788889999"
ONE, TWO = "o-a1b2c3d4e5", "o-b1b2c3d4e5"
UNIT, BELOW, ELSE = (
    f"{ONE}/r-ab12/ou-ab12-{unit}/" for unit in ("11111111", "22222222", "33333333")
)
HERE = f"arn:aws:ecr:eu-central-1:{HOME}:repository"
REPOSITORIES = ("payments/api", "payments/web", "payments/backend", "search/api", "tools")
ACTIONS = (
    *("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability", "PutImage"),
    *("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "BatchDeleteImage"),
    *("DeleteRepository", "SetRepositoryPolicy", "DescribeImages", "PutLifecyclePolicy"),
    "ReplicateImage",
)
PULL = [f"ecr:{name}" for name in ACTIONS[:3]]
PUSH = [f"ecr:{name}" for name in ACTIONS[3:7]]
ACTION_PATTERNS: list[Any] = [
    *(PULL, PULL, PUSH, "ecr:*", "*", "ecr:BatchGetImage", ["ecr:Put*", "ecr:Batch*"]),
    *([*PULL, *PUSH], "ecr:*Image", ["ecr:DescribeImages", "ecr:deleterepository"]),
]


_ARN = "aws:PrincipalArn"
_PLACES = (
    *((ONE, UNIT), (ONE, f"{UNIT}ou-ab12-99999999/"), (ONE, BELOW), (ONE, ELSE)),
    *((TWO, f"{TWO}/r-cd34/ou-cd34-11111111/"), ("", "")),
    ("o-c1b2c3d4e5", "o-c1b2c3d4e5/r-ef56/ou-ef56-11111111/"),
)


def callers(keys: Sequence[str]) -> list[Caller]:
    """Return roles that differ in everything that conditions on some keys can tell apart."""
    places = _PLACES if {"aws:PrincipalOrgID", "aws:PrincipalOrgPaths"} & {*keys} else _PLACES[:1]
    teams = ("pay", "web", "payments", "pa*", "") if "aws:PrincipalTag/team" in keys else ("",)
    names = ["role/ci", "role/ops", *(["role/ci-two", "user/jo"] if _ARN in keys else ())]
    return [
        Caller(
            arn=f"arn:aws:iam::{account}:{name}",
            organization=organization,
            paths=(path,) if path else (),
            tags={"team": team} if team else {},
            **more,
        )
        for account, more in _ACCOUNTS
        for name in names
        for organization, path in places
        for team in teams
    ]


# Of the own account a role without policies, and one that its policies allow everything.
_ACCOUNTS: tuple[tuple[str, Any], ...] = (
    *((HOME, {"identity": ()}), (HOME, {}), (PARTNER, {}), (OTHER, {})),
    *(("444400001111", {}), ("123412341234", {})),
)
PRINCIPALS: list[Any] = [
    *("*", "*", "*", {"AWS": "*"}, {"AWS": PARTNER}, {"AWS": f"arn:aws:iam::{PARTNER}:root"}),
    *({"AWS": OTHER}, {"AWS": f"arn:aws:iam::{PARTNER}:role/ci"}),
    *(
        {"AWS": [f"arn:aws:iam::{OTHER}:role/ops", PARTNER]},
        {"AWS": f"arn:aws:iam::{HOME}:role/ci"},
    ),
]
# The keys that the principal decides, and the other ones with the values of requests.
_OF_CALLERS: dict[str, dict[str, list[Any]]] = {
    "aws:PrincipalOrgID": {
        "StringEquals": [ONE, TWO, [ONE, TWO]],
        "StringLike": ["o-*", "o-a*", ONE, "*"],
        "StringNotEquals": [ONE, [ONE, TWO]],
        "StringEqualsIfExists": [ONE],
    },
    "aws:PrincipalOrgPaths": {
        "ForAnyValue:StringLike": [f"{UNIT}*", f"{ONE}/*", [f"{UNIT}*", f"{BELOW}*"], f"{TWO}/*"],
        "ForAnyValue:StringEquals": [UNIT],
    },
    "aws:PrincipalAccount": {
        "StringEquals": [PARTNER, [PARTNER, OTHER], "4444*"],
        "StringLike": ["4444*", f"{PARTNER[:-1]}?"],
        "StringNotEquals": [PARTNER, HOME],
    },
    "aws:PrincipalArn": {
        "ArnLike": [f"arn:aws:iam::{PARTNER}:role/*", "arn:aws:iam::*:role/ci"],
        "ArnEquals": [f"arn:aws:iam::{PARTNER}:role/ci"],
        "ArnNotLike": [f"arn:aws:iam::{HOME}:role/*", f"arn:aws:iam::{PARTNER}:role/ci*"],
    },
    "aws:PrincipalTag/team": {
        "StringEquals": ["pay", ["pay", "web"], "pa*"],
        "StringLike": ["pay*", "pay", "*"],
        "StringNotLike": ["pay*"],
        "StringNotEquals": ["web", ["pay", "web"]],
        "Null": ["true", "false"],
    },
}
OF_REQUESTS: dict[str, tuple[dict[str, list[Any]], list[str | list[str] | None]]] = {
    "aws:SourceIp": (
        {
            "IpAddress": [
                *("10.0.0.0/8", "10.1.0.0/16", ["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/1"),
                *("128.0.0.0/1", "0.0.0.0/0", ["10.0.0.0/8", "2001:db8::/32"]),
            ],
            "NotIpAddress": ["10.0.0.0/8", ["10.1.0.0/16", "2001:db8::/32"]],
        },
        ["10.1.2.3", "10.2.2.3", "9.9.9.9", "200.1.1.1", "2001:db8::1", "2001:db9::1", None],
    ),
    "aws:SecureTransport": (
        {"Bool": ["true", "false", True], "BoolIfExists": ["false"]},
        ["true", "false", None],
    ),
    "aws:MultiFactorAuthAge": (
        {
            "NumericLessThan": ["10", "60"],
            "NumericLessThanEquals": ["10"],
            "NumericGreaterThanEquals": ["10", "60"],
            "NumericEquals": ["10", ["10", "60"]],
            "NumericNotEquals": ["10"],
            "Null": ["true", "false"],
        },
        ["5", "10", "30", "60", "100", None],
    ),
    "aws:CurrentTime": (
        {
            "DateLessThan": ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
            "DateGreaterThan": ["2026-01-01T00:00:00Z", "2025-06-01"],
        },
        [
            *("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z", "2025-09-01T00:00:00Z"),
            *("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            "2028-01-01T00:00:00Z",
        ],
    ),
    "aws:SourceVpce": (
        {
            "StringEquals": ["vpce-1", ["vpce-1", "vpce-2"]],
            "StringNotEquals": ["vpce-1"],
            "StringLike": ["vpce-*"],
            "Null": ["false", "true"],
        },
        ["vpce-1", "vpce-2", "vpce-3", None],
    ),
    "aws:TagKeys": (
        {
            "ForAllValues:StringEquals": [["team"], ["team", "cost"]],
            "ForAnyValue:StringEquals": ["team"],
        },
        [["team"], ["cost"], ["team", "cost"], ["other"], ["team", "other"], None],
    ),
}
RESOURCES: list[Any] = [
    *("*", f"{HERE}/*", f"{HERE}/payments/*", f"{HERE}/payments/api", f"{HERE}/search/api"),
    *([f"{HERE}/payments/api", f"{HERE}/tools"], f"{HERE}/*/api", f"{HERE}/payments/???"),
]


_RARELY = 0.1
_ABOUT = ("Action", "NotAction"), ("Principal", "Resource", "NotResource")


class Writer:
    """Writes random policies of one kind: of a ``repository``, or of an ``identity``."""

    def __init__(self, random: Random, kind: str) -> None:
        """Choose the condition keys of a pair: few, so that all of their values can be tried."""
        self.random, self.kind = random, kind
        keys = random.sample(sorted(OF_REQUESTS), random.randint(0, 2))
        self.keys = keys if kind == "identity" else [*keys, *random.sample(sorted(_OF_CALLERS), 2)]

    def statement(self) -> Body:
        """Return a statement."""
        chosen = self.random.choice(ACTION_PATTERNS)
        if self.kind == "identity" and chosen == "*":
            # It would allow to assume roles, too, which the requests do not try.
            chosen = "ecr:*"
        may_be_negated = self.kind == "repository" and chosen not in ("*", "ecr:*")
        named = "NotAction" if may_be_negated and self.random.random() < _RARELY else "Action"
        written: Body = {"Effect": self.random.choices(["Allow", "Deny"], [4, 1])[0], named: chosen}
        if self.kind == "identity":
            name = "NotResource" if self.random.random() < _RARELY else "Resource"
            written[name] = self.random.choice(RESOURCES if name == "Resource" else RESOURCES[2:])
        else:
            written["Principal"] = self.random.choice(PRINCIPALS)
        if conditions := self.conditions():
            written["Condition"] = conditions
        return written

    def conditions(self) -> Body:
        """Return conditions on some of the keys of the pair."""
        conditions: Body = {}
        many = min(len(self.keys), self.random.choices([0, 1, 2], [3, 4, 2])[0])
        for key in self.random.sample(self.keys, many):
            pool = _OF_CALLERS.get(key) or OF_REQUESTS[key][0]
            operator = self.random.choice(sorted(pool))
            conditions.setdefault(operator, {})[key] = self.random.choice(pool[operator])
        return conditions

    def policy(self) -> Policy:
        """Return up to three statements, of which one allows something."""
        listed = [self.statement() for _ in range(self.random.randint(1, 3))]
        listed[0]["Effect"] = "Allow"
        return listed

    def changed(self, policy: Policy) -> Policy:
        """Return a policy with a change as pull requests have it, or another one."""
        listed = copy.deepcopy(policy)
        place = self.random.randrange(len(listed))
        statement, other = listed[place], self.statement()
        how = self.random.randrange(9)
        if how == 0:
            return self.policy()
        if how == 1:
            listed.append(other)
        elif how == 2 and len(listed) > 1:
            listed.pop(place)
        elif how == 3:
            statement.pop("Condition", None)
        elif how in (4, 5):
            statement["Condition"] = self.conditions()
        elif how == 6:
            listed[place:place] = [
                {**statement, "Condition": self.conditions() if self.keys else {}}
            ]
            self.random.shuffle(listed)
        else:
            names = _ABOUT[how % 2]
            kept = {name: value for name, value in statement.items() if name not in names}
            listed[place] = kept | {name: other[name] for name in names if name in other}
        return listed


@dataclass(frozen=True)
class Universe:
    """The requests that a pair of policies is tried with."""

    kind: str
    subjects: Sequence[Any]
    contexts: Sequence[Mapping[str, Any]]
    is_open: bool = False

    @classmethod
    def of(cls, writer: Writer) -> "Universe":
        """Return every combination of the values of the keys of a pair."""
        keys = [key for key in writer.keys if key in OF_REQUESTS]
        values = product(*(OF_REQUESTS[key][1] for key in keys))
        contexts = [
            {key: value for key, value in zip(keys, chosen, strict=True) if value is not None}
            for chosen in values
        ]
        subjects = callers(writer.keys) if writer.kind == "repository" else REPOSITORIES
        return cls(writer.kind, subjects, contexts)

    def allowed(self, policy: Policy) -> frozenset[tuple[int, int, str]]:
        """Return the requests that are allowed: caller or repository, context and action."""
        effects: dict[tuple[int, int, str], set[str]] = {}
        for statement in policy:
            actions = [
                name for name in ACTIONS if Request(f"ecr:{name}", "", {}).is_named_by(statement)
            ]
            for number, subject in enumerate(self.subjects):
                how = self._applies(statement, subject)
                for place, context in enumerate(self.contexts):
                    values = {**(subject.context if self.kind == "repository" else {}), **context}
                    if how and Request("", "", values).holds(statement.get("Condition", {})):
                        for action in actions:
                            effect = "Deny" if statement["Effect"] == "Deny" else how
                            effects.setdefault((number, place, action), set()).add(effect)
        requests = product(range(len(self.subjects)), range(len(self.contexts)), ACTIONS)
        return frozenset(
            request
            for request in requests
            if self._is_allowed(self.subjects[request[0]], effects.get(request, set()))
        )

    def _applies(self, statement: Body, subject: Any) -> str | None:
        if self.kind == "repository":
            return Request("", "", {}).names(statement, subject)
        on = {**statement, "Action": "*", "Condition": {}}
        on.pop("NotAction", None)
        return "itself" if Request("ecr:x", f"{HERE}/{subject}", {}).meets(on) else None

    def _is_allowed(self, subject: Any, effects: set[str]) -> bool:
        if "Deny" in effects:
            return False
        if self.kind == "identity":
            # Within an account, the policy of the repository suffices.
            return bool(effects) or self.is_open
        if subject.account == HOME:
            # And so do the own policies of a role.
            return bool(subject.identity) or bool(effects - {"account"})
        return bool(effects)


def reported(kind: str, before: Policy, after: Policy) -> list[bool]:
    """Return the widenings that the review reports, each with whether it is sure."""
    if kind == "repository":
        sides = [
            {"Api": repository(RepositoryPolicyText=document(*side))} for side in (before, after)
        ]
    else:
        inline = ([{"PolicyDocument": document(*side)}] for side in (before, after))
        sides = [{"Ci": resource("AWS::IAM::Role", {"Policies": policies})} for policies in inline]
    return [
        not change.codes[0].startswith("unknown")
        for change in access_changes(*sides)
        if change.kind == WIDENED
    ]


def compared(seed: int, pairs: int) -> Iterator[tuple[str, str, Policy, Policy]]:
    """Yield how the review answers for random pairs.

    ``missed``, ``false`` and ``vague`` (it may widen access); ``widened`` and ``same`` are right.
    """
    random = Random(seed)  # noqa: S311 - reproducible
    for number in range(pairs):
        kind = "identity" if number % 4 == 0 else "repository"
        writer = Writer(random, kind)
        before = writer.policy()
        after = writer.changed(before)
        universe = Universe.of(writer)
        # A repository policy that allows everyone lets a denial decide.
        universes = [universe, replace(universe, is_open=True)]
        widens = any(
            there.allowed(after) - there.allowed(before)
            for there in (universes if kind == "identity" else universes[:1])
        )
        answers = reported(kind, before, after)
        if widens and not answers:
            answer = "missed"
        elif not widens and any(answers):
            answer = "false"
        elif answers and not any(answers):
            answer = "vague"
        else:
            answer = "widened" if widens else "same"
        yield answer, kind, before, after


def counts(seed: int, pairs: int) -> Counter[str]:
    """Return how often the review gives each answer."""
    return Counter(answer for answer, *_ in compared(seed, pairs))
