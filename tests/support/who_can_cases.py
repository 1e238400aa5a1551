"""Random accounts, and whether `who-can` answers as the tests' own evaluator does.

`policy_evaluator` decides request by request, without any code of the product: with every
combination of the values that the conditions of a case can tell apart.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from ecr_constructs.access.callers import read_principal
from ecr_constructs.access.live import live_policies
from ecr_constructs.access.policies import Policies
from ecr_constructs.access.query import Query
from ecr_constructs.access.questions import Verb
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.json_text import compact
from ecr_constructs.review.access.constraints import matching
from ecr_constructs.review.access.values import Pattern
from ecr_constructs.snapshot.document import CallError, Header, Record, Snapshot
from tests.support.policy_evaluator import Caller, Request, World
from tests.support.policy_pairs import (
    ACTIONS,
    HERE,
    HOME,
    OF_REQUESTS,
    ONE,
    OTHER,
    PARTNER,
    UNIT,
    Writer,
)
from tests.support.rule_examples.build import document

Body = dict[str, Any]
REGION, AT, NAME = "eu-central-1", "2026-11-27T23:05:00Z", "payments/api"
ROLES = {HOME: ("ci", "ops", "hop"), PARTNER: ("ci", "far")}
# A request to ECR is always by HTTPS.
_VALUES = {key: values for key, (_, values) in OF_REQUESTS.items()}
_VALUES["aws:SecureTransport"] = ["true"]
_PERHAPS, _SELDOM = 0.5, 0.25


def arn(account: str, name: str) -> str:
    """Return the ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


@dataclass(frozen=True)
class Case:
    """The policies of two accounts, and the condition keys that they use.

    Attributes:
        repository: The repository policy.
        roles: By ARN, the properties of each role.
        keys: The condition keys of requests.
        organization: Whether it is known of which organization the accounts are.
    """

    repository: list[Body] | None
    roles: Mapping[str, Body]
    keys: Sequence[str]
    organization: bool

    def templates(self) -> list[tuple[Body, str, str]]:
        """Return the accounts as templates."""
        properties: Body = {"RepositoryName": NAME, "Tags": [{"Key": "team", "Value": "pay"}]}
        if self.repository is not None:
            properties["RepositoryPolicyText"] = document(*self.repository)
        bodies: dict[str, Body] = {
            HOME: {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}},
            PARTNER: {},
        }
        for name, role in self.roles.items():
            account, short = name.split(":")[4], name.rpartition("/")[2]
            boundary = role.get("boundary")
            body: Body = {
                "RoleName": short,
                "AssumeRolePolicyDocument": document(*role["trust"]),
                "Policies": [{"PolicyName": "own", "PolicyDocument": document(*role["own"])}],
                "Tags": role["tags"],
            }
            if boundary is not None:
                body["PermissionsBoundary"] = {"Ref": f"{short}Limit"}
                bodies[account][f"{short}Limit"] = {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {
                        "ManagedPolicyName": f"{short}-limit",
                        "PolicyDocument": document(*boundary),
                    },
                }
            bodies[account][f"{short}Role"] = {"Type": "AWS::IAM::Role", "Properties": body}
        return [({"Resources": body}, account, REGION) for account, body in bodies.items()]

    def snapshots(self) -> list[Snapshot]:
        """Return the accounts as snapshots."""
        return [self._snapshot(HOME), self._snapshot(PARTNER)]

    def _snapshot(self, account: str) -> Snapshot:
        where = f"{HERE}/{NAME}"
        roles, policies = [], []
        for name, role in self.roles.items():
            if name.split(":")[4] != account:
                continue
            short = name.rpartition("/")[2]
            detail: Body = {
                "RoleName": short,
                "Path": "/",
                "Arn": name,
                "AssumeRolePolicyDocument": document(*role["trust"]),
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(*role["own"])}],
                "AttachedManagedPolicies": [],
                "Tags": role["tags"],
            }
            if (boundary := role.get("boundary")) is not None:
                limit = f"arn:aws:iam::{account}:policy/{short}-limit"
                detail["PermissionsBoundary"] = {"PermissionsBoundaryArn": limit}
                version = {
                    "VersionId": "v1",
                    "IsDefaultVersion": True,
                    "Document": document(*boundary),
                }
                policies.append(
                    {
                        "PolicyName": f"{short}-limit",
                        "Arn": limit,
                        "DefaultVersionId": "v1",
                        "PolicyVersionList": [version],
                    }
                )
            roles.append(detail)
        details = {
            "RoleDetailList": roles,
            "UserDetailList": [],
            "GroupDetailList": [],
            "Policies": policies,
        }
        records = [Record("iam", "GetAccountAuthorizationDetails", {}, AT, details)]
        if self.organization:
            output = {"Organization": {"Id": ONE}}
            records.append(Record("organizations", "DescribeOrganization", {}, AT, output))
        if account == HOME:
            repository = {"repositoryName": NAME, "repositoryArn": where}
            request = {"repositoryName": NAME}
            policy = self.repository
            records += [
                Record("ecr", "DescribeRepositories", {}, AT, {"repositories": [repository]}),
                Record(
                    "ecr",
                    "GetRepositoryPolicy",
                    request,
                    AT,
                    None if policy is None else {"policyText": compact(document(*policy))},
                    CallError("RepositoryPolicyNotFoundException") if policy is None else None,
                ),
                Record(
                    *("ecr", "GetRegistryPolicy", {}, AT, None),
                    CallError("RegistryPolicyNotFoundException"),
                ),
                Record(
                    *("ecr", "ListTagsForResource", {"resourceArn": where}, AT),
                    {"tags": [{"Key": "team", "Value": "pay"}]},
                ),
            ]
        return Snapshot(Header(account, REGION, "arn", AT), records, finished=AT)


def cases(seed: int, many: int) -> Iterator[Case]:
    """Yield random cases."""
    random = Random(seed)  # noqa: S311 - reproducible
    for _ in range(many):
        yield _case(random)


def _case(random: Random) -> Case:
    writer = Writer(random, "repository")
    identity = Writer(random, "identity")
    identity.keys = [key for key in writer.keys if key in OF_REQUESTS]
    keys = list(identity.keys)
    roles: dict[str, Body] = {}
    for account, names in ROLES.items():
        for name in names:
            own = identity.policy() if random.random() < _PERHAPS else []
            if random.random() < _PERHAPS:
                target = random.choice([arn(HOME, "ci"), arn(HOME, "hop"), "*", arn(PARTNER, "ci")])
                own.append({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": target})
            roles[arn(account, name)] = {
                "own": own,
                "boundary": identity.policy() if random.random() < _SELDOM else None,
                "trust": _trust(random),
                "tags": [{"Key": "team", "Value": random.choice(["pay", "web"])}]
                if random.random() < _PERHAPS
                else [],
            }
    repository = writer.policy() if random.random() < 1 - _SELDOM / 2 else None
    return Case(repository, roles, keys, random.random() < _PERHAPS)


def _trust(random: Random) -> list[Body]:
    choices: list[Any] = [
        *({"AWS": arn(HOME, "ops")}, {"AWS": f"arn:aws:iam::{HOME}:root"}, {"AWS": PARTNER}),
        *({"AWS": arn(PARTNER, "far")}, {"AWS": arn(HOME, "hop")}),
        *({"Service": "ecs-tasks.amazonaws.com"}, {"AWS": "*"}),
    ]
    return [
        {
            "Effect": random.choices(["Allow", "Deny"], [5, 1])[0],
            "Principal": random.choice(choices),
            "Action": "sts:AssumeRole",
        }
        for _ in range(random.randint(0, 2))
    ]


class Truth:
    """What the evaluator says about a case."""

    def __init__(self, case: Case) -> None:
        """Read the case."""
        self.world = World.of(*case.templates())
        self.case = case
        self.callers = {name: self._caller(name) for name in case.roles}
        self.callers[f"arn:aws:iam::{OTHER}:root"] = Caller(arn=f"arn:aws:iam::{OTHER}:root")
        values = product(*(_VALUES[key] for key in case.keys))
        self.contexts = [
            {key: value for key, value in zip(case.keys, chosen, strict=True) if value is not None}
            for chosen in values
        ]

    def _caller(self, name: str) -> Caller:
        role = self.case.roles[name]
        return Caller(
            arn=name,
            identity=tuple(role["own"]),
            boundary=None if role["boundary"] is None else tuple(role["boundary"]),
            organization=ONE,
            paths=(UNIT,),
            tags={tag["Key"]: tag["Value"] for tag in role["tags"]},
            trust=tuple(role["trust"]),
        )

    def itself(self, name: str, action: str) -> set[bool]:
        """Return the answers of a principal for an action, with all contexts."""
        caller = self.callers[name]
        if name.endswith(":root"):
            # The organization of an account that is not read may be any.
            callers = [caller, Caller(arn=name, organization=ONE, paths=(UNIT,))]
        else:
            callers = [caller]
        return {
            self.world.can(who, action, NAME, account=HOME, region=REGION, **context)
            for who in callers
            for context in self.contexts
        }

    def assumes(self, name: str, role: str) -> set[bool]:
        """Return whether a principal may assume a role, with all contexts."""
        caller, trusted = self.callers[name], self.callers[role]
        return {self._assumes(caller, trusted, context) for context in self.contexts}

    def _assumes(self, caller: Caller, role: Caller, context: Mapping[str, Any]) -> bool:
        request = Request("sts:AssumeRole", role.arn, {**caller.context, **context})
        named = [
            (how, statement["Effect"])
            for statement in role.trust
            if request.is_named_by(statement) and (how := request.names(statement, caller))
        ]
        if any(effect == "Deny" for _, effect in named) or request.denied(caller.identity):
            return False
        if request.denied(caller.boundary or ()):
            return False
        within = caller.boundary is None or request.allowed(caller.boundary)
        own = request.allowed(caller.identity) and within
        if caller.account == role.account:
            return bool(named) and (own or (within and any(how != "account" for how, _ in named)))
        return own and bool(named)

    def answers(self, action: str) -> dict[str, set[bool]]:
        """Return the possible answers of each principal, with the roles that it can assume."""
        itself = {name: self.itself(name, action) for name in self.callers}
        always = {name for name, answers in itself.items() if answers == {True}}
        perhaps = {name for name, answers in itself.items() if True in answers}
        self._add_callers(always, lambda answers: answers == {True})
        self._add_callers(perhaps, any)
        return {
            name: {True} if name in always else {True, False} if name in perhaps else {False}
            for name in self.callers
        }

    def _add_callers(self, reached: set[str], is_wanted: Callable[[set[bool]], bool]) -> None:
        """Add the principals that can assume roles which are reached, in one step or more."""
        before = -1
        while before < len(reached):
            before = len(reached)
            reached |= {
                name
                for name in self.callers
                for role in reached
                if name != role and ":role/" in role and is_wanted(self.assumes(name, role))
            }


def product_answers(case: Case, action: str, *, live: bool) -> dict[str, bool | None]:
    """Return what the product answers for each principal of a case."""
    verb = Verb("do", (action,))
    if live:
        snapshots = case.snapshots()
        policies, repository, unread = live_policies(snapshots, snapshots[0], NAME)
    else:
        templates = [
            Template(account, body, account, region) for body, account, region in case.templates()
        ]
        organizations = {}
        if case.organization:
            organizations = dict.fromkeys((HOME, PARTNER), matching(Pattern(ONE)))
        policies = Policies(TemplateSet(templates), organizations=organizations)
        repository, unread = policies.templates.stacks[0].resources["Api"], ()
    query = Query(policies, repository, verb, unread)
    names = [*case.roles, f"arn:aws:iam::{OTHER}:root"]
    return {name: query.one(read_principal(name)).principals[0].answer for name in names}


def counts(seed: int, many: int) -> tuple[Counter[str], list[str]]:
    """Return how often each answer is given, and the wrong ones."""
    random = Random(seed)  # noqa: S311 - reproducible
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for number, case in enumerate(cases(seed, many)):
        action = f"ecr:{random.choice(ACTIONS)}"
        truth = Truth(case).answers(action)
        for name, answer in product_answers(case, action, live=number % 2 == 0).items():
            seen[{True: "yes", False: "no", None: "not known"}[answer]] += 1
            if answer is None:
                seen["needlessly"] += len(truth[name]) == 1
            elif truth[name] != {answer}:
                wrong.append(f"case {number} ({action}), {name}: {answer}, not {truth[name]}")
    return seen, wrong
