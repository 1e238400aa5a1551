"""Hypothesis strategies: environment files with every key, valid or with one mistake.

A file is valid by construction as far as one value goes; values may still contradict each other,
which the app then says in its own words.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

Content = dict[str, Any]
Draw = st.DrawFn
Place = tuple[str | int, ...]


class Home(NamedTuple):
    """Where an environment is, and where its replicas are."""

    partition: str
    region: str
    others: tuple[str, ...]

    def arn(self, service: str, name: str, *, region: str | None = None, account: str) -> str:
        """Return an ARN in the partition."""
        region = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{region}:{account}:{name}"


HOMES = (
    Home("aws", "eu-central-1", ("eu-west-1", "us-east-1")),
    Home("aws", "us-east-1", ("us-west-2", "eu-west-1")),
    Home("aws-us-gov", "us-gov-west-1", ("us-gov-east-1",)),
    Home("aws-cn", "cn-north-1", ("cn-northwest-1",)),
)
ACCOUNT, BACKUP, PARTNER, VENDOR = (str(number) * 12 for number in (1, 2, 3, 4))
ORGANIZATION = "o-a1b2c3d4e5"
TEAMS = ("payments", "shop", "a-b", "team2", "x", "data-platform-2")
NAMES = (
    *(
        f"{namespace}/{name}"
        for namespace in ("payments", "shop", "3scale", "a.b-c_d", "base/images")
        for name in ("api", "7zip", "web.v2", "x_y")
    ),
    *("api", "2048", "cli-x"),
)
PREFIXES = ("sandbox/", "vendor/", "payments/", "3scale/")
TAG_PATTERNS = ("v*", "release-*", "main", "*-rc*", "1.2.3")
TEXTS = ("A description.", "Ünïcode ✓", "with: colon", "x" * 100, "0", "yes", "#1", "$ {x}")
UUID = "11111111-2222-4333-8444-555555555555"


def accounts(least: int = 1) -> st.SearchStrategy[list[str]]:
    """Draw ids of other accounts."""
    return st.lists(st.sampled_from([PARTNER, VENDOR]), min_size=least, max_size=2, unique=True)


def some(values: Sequence[str], least: int = 1, most: int = 2) -> st.SearchStrategy[list[str]]:
    """Draw a few different values."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


def mapping(
    required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Content]:
    """Draw a mapping with the required keys and few of the optional ones."""
    return _few(st.fixed_dictionaries(required), optional)


@st.composite
def _few(draw: Draw, required: st.SearchStrategy[Content], optional: Content) -> Content:
    names = (
        draw(st.lists(st.sampled_from([*optional]), max_size=4, unique=True)) if optional else []
    )
    return {**draw(required), **{name: draw(optional[name]) for name in names}}


TAGS = st.dictionaries(
    st.sampled_from(["team", "cost-center", "data:class", "Übung", "on"]),
    st.sampled_from((*TEXTS[:2], "010", "yes", "a+b=c")),
    max_size=3,
)
REASONS = st.dictionaries(
    st.sampled_from(["ECR012", "ECR115", "ECR001", "signingElsewhere", "topicPolicy"]),
    st.sampled_from(["Tags move with each build.", "Decided in the review: see the wiki."]),
    max_size=2,
)


def _principals(home: Home) -> list[str]:
    return [
        f"arn:{home.partition}:iam::{PARTNER}:role/ci/Deploy",
        f"arn:{home.partition}:iam::{ACCOUNT}:role/Release",
        f"arn:{home.partition}:iam::{VENDOR}:user/alice@example.com",
    ]


@cache
def _statement(home: Home) -> st.SearchStrategy[Content]:
    principals = st.one_of(
        st.fixed_dictionaries({"AWS": some(_principals(home))}),
        st.just({"AWS": f"arn:{home.partition}:iam::{PARTNER}:root"}),
        st.just({"Service": "codebuild.amazonaws.com"}),
    )
    actions = st.one_of(
        st.just("ecr:BatchGetImage"),
        some(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:Describe*"]),
    )
    condition = st.sampled_from(
        [
            {"StringEquals": {"aws:SourceAccount": PARTNER}},
            {"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/ci-*"]}},
            {"Bool": {"aws:SecureTransport": True}},
            {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}},
        ]
    )
    return mapping(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Principal": principals,
            "Action": actions,
        },
        {"Sid": st.sampled_from(["Laboratory", "S1"]), "Condition": condition},
    )


_DAYS = st.integers(1, 4000)
_SELECTION = {
    "tag_patterns": some(TAG_PATTERNS),
    "description": st.sampled_from(["Old images", "x" * 100]),
}
_PREFIX_SELECTION = {"tag_prefixes": some(["v", "release-", "1.2"])}


def _lifecycle_rules() -> st.SearchStrategy[Any]:
    described = {"description": _SELECTION["description"]}
    rules = st.one_of(
        st.fixed_dictionaries({"expire_untagged": mapping({"after_days": _DAYS}, described)}),
        st.fixed_dictionaries({"expire": mapping({"after_days": _DAYS}, _SELECTION)}),
        st.fixed_dictionaries({"expire": mapping({"after_days": _DAYS}, _PREFIX_SELECTION)}),
        st.fixed_dictionaries({"keep_last": mapping({"count": st.integers(1, 1000)}, _SELECTION)}),
        st.fixed_dictionaries(
            {"protect": mapping({"tag_pattern": st.sampled_from(TAG_PATTERNS)}, described)}
        ),
        st.fixed_dictionaries({"archive": mapping({"not_pulled_for_days": _DAYS}, _SELECTION)}),
        st.fixed_dictionaries({"archive": mapping({"after_days": _DAYS}, _SELECTION)}),
        st.fixed_dictionaries(
            {"expire_archived": mapping({"after_days": st.integers(90, 4000)}, described)}
        ),
    )
    return st.lists(rules, max_size=3)


def _aws_lifecycle() -> st.SearchStrategy[Content]:
    selections = st.sampled_from(
        [
            {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days"},
            {"tagStatus": "any", "countType": "imageCountMoreThan"},
            {
                "tagStatus": "tagged",
                "tagPatternList": ["release-*"],
                "countType": "imageCountMoreThan",
            },
            {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan"},
        ]
    )
    rule = st.builds(
        lambda selection, count: {
            "rulePriority": 10,
            "selection": {**selection, "countNumber": count},
            "action": {"type": "expire"},
        },
        selections,
        st.integers(1, 1000),
    )
    return st.fixed_dictionaries({"rules": st.lists(rule, min_size=1, max_size=1)})


def _encryption(home: Home, *, replicas: bool) -> st.SearchStrategy[Any]:
    def key(region: str) -> str:
        return home.arn("kms", f"key/{UUID}", region=region, account=ACCOUNT)

    own = mapping(
        {"key": st.just(key(home.region))},
        {"replica_keys": st.just({home.others[0]: key(home.others[0])})} if replicas else {},
    )
    return st.one_of(st.sampled_from(["aes256", "aws_managed", "customer_managed"]), own)


def _cached(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "tag_mutability": st.sampled_from(["mutable", "immutable"]),
        "tag_mutability_exceptions": some(["latest", "dev-*", "*-rc*"], 0),
        "encryption": _encryption(home, replicas=replicas),
        "lifecycle": st.one_of(_lifecycle_rules(), _aws_lifecycle()),
        "lifecycle_dry_run": st.booleans(),
        "organization_may_pull": st.booleans(),
        "pull_organizational_units": st.just([f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"]),
        "pull_accounts": accounts(0),
        "pull_principals": some(_principals(home), 0),
        "policy_statements": st.lists(_statement(home), max_size=2),
        "admit_lambda": st.one_of(
            st.booleans(),
            mapping({}, {"functions": some(["fraud-scoring", "train-*"]), "accounts": accounts()}),
        ),
        "tags": TAGS,
        "acknowledge": REASONS,
    }


def _created(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        **_cached(home, replicas=replicas),
        "retention": st.sampled_from(["development", "staging", "production"]),
        "protect_tags": some(TAG_PATTERNS, 0),
        "push_accounts": accounts(0),
        "push_principals": some(_principals(home), 0),
    }


@cache
def _push(home: Home) -> st.SearchStrategy[Content]:
    common = {
        "pull_back": st.booleans(),
        "session_hours": st.integers(1, 12),
        "permissions_boundary": st.just(
            home.arn("iam", "policy/Boundary", region="", account=ACCOUNT)
        ),
    }
    git = {"branches": some(["main", "release/*"]), "tags": some(["v*"])}
    return st.one_of(
        mapping(
            {
                "github": st.sampled_from(["acme/api", "acme@1234/web@5678", "3scale/x_y.z"]),
                "branches": git["branches"],
            },
            {
                **common,
                "tags": git["tags"],
                "environments": some(["production", "Prod EU"]),
                "pull_requests": st.booleans(),
                "match": st.just("any"),
                "url": st.just("https://token.actions.example.com"),
                "audience": st.just("sts.amazonaws.com"),
                "claims": st.sampled_from(
                    [{"repository_id": "12345"}, {"repository_owner_id": ["1234", "5678"]}]
                ),
            },
        ),
        mapping(
            {"gitlab": st.sampled_from(["acme/payments/api", "acme/x"]), **git},
            {**common, "url": st.just("https://gitlab.example.com")},
        ),
        st.fixed_dictionaries(
            {
                "bitbucket": st.just(
                    {
                        "workspace": "acme",
                        "workspace_uuid": UUID,
                        "repository_uuid": f"{{{UUID}}}",
                    }
                ),
                "environments": st.just([f"{{{UUID}}}"]),
            }
        ),
        mapping(
            {
                "circleci": st.just(
                    {
                        "organization_id": UUID,
                        "project_id": UUID,
                        "vcs_origin": "github.com/acme/payments-api",
                    }
                ),
                "branches": git["branches"],
            },
            common,
        ),
    )


@cache
def _settings(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        **_created(home, replicas=replicas),
        "scan_on_push": st.booleans(),
        "push": _push(home),
        "deletion_lock": st.booleans(),
        "replicate": st.booleans(),
        "extra_tags": st.sampled_from(["keep", "remove"]),
    }


def _caches(home: Home) -> st.SearchStrategy[list[Content]]:
    """Draw caches, each with a prefix of its own."""
    secret = st.one_of(
        st.just(
            home.arn("secretsmanager", "secret:ecr-pullthroughcache/x-AbCdEf", account=ACCOUNT)
        ),
        st.sampled_from(["docker-hub", "1st/token"]).map(
            lambda name: {"name": name, "username": "acme"}
        ),
    )
    role = home.arn("iam", "role/Cache", region="", account=ACCOUNT)
    settings = {
        **_cached(home, replicas=False),
        "upstream_repository_prefix": st.sampled_from(["library", "ROOT"]),
        "import_accounts": accounts(0),
        "template_role": st.just(role),
    }
    kinds: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "ecr-public": {"upstream": st.just("ecr_public")},
        "k8s": {"upstream": st.just("kubernetes")},
        "3quay": {"upstream": st.just("quay")},
        "hub": {
            "upstream": st.sampled_from(["docker_hub", "github", "gitlab", "chainguard"]),
            "credential": secret,
        },
        "azure": {
            "upstream": st.just("azure"),
            "registry_url": st.just("acme.azurecr.io"),
            "credential": secret,
        },
        "other": {
            "upstream": st.just("ecr"),
            "account": st.just(PARTNER),
            "region": st.just(home.region),
        },
    }

    def cache(prefix: str) -> st.SearchStrategy[Content]:
        own = {"role": st.just(role)} if prefix == "other" else {}
        return mapping({**kinds[prefix], "repository_prefix": st.just(prefix)}, {**settings, **own})

    return some([*kinds], 0, 3).flatmap(lambda prefixes: st.tuples(*map(cache, prefixes))).map(list)


def _templates(home: Home) -> st.SearchStrategy[list[Content]]:
    settings = {
        **_created(home, replicas=False),
        "description": st.sampled_from(["A sandbox.", "x" * 256]),
        "role": st.just(home.arn("iam", "role/Templates", region="", account=ACCOUNT)),
    }
    applied_for = some(["create_on_push", "pull_through_cache", "replication"], 1, 3)

    def template(prefix: str) -> st.SearchStrategy[Content]:
        return mapping({"prefix": st.just(prefix), "applied_for": applied_for}, settings)

    return (
        some(["sandbox", "mirror/x", "ROOT", "3scale"], 0)
        .flatmap(lambda prefixes: st.tuples(*map(template, prefixes)))
        .map(list)
    )


def _scanning() -> st.SearchStrategy[Content]:
    filters = some(["*", "payments/*", "base", "*/api"], 0)
    return st.one_of(
        mapping({"type": st.just("basic")}, {"on_push": filters}),
        mapping({"type": st.just("enhanced")}, {"on_push": filters, "continuous": filters}),
    )


def _policy(home: Home, region: str) -> st.SearchStrategy[Content]:
    grant = st.fixed_dictionaries({"accounts": accounts(), "prefixes": some(PREFIXES)})
    tagging = mapping(
        {"accounts": accounts(), "prefixes": some(PREFIXES)}, {"tagging": st.booleans()}
    )
    resource = st.sampled_from(
        [
            f"arn:{home.partition}:ecr:{region}:{ACCOUNT}:repository/vendor/*",
            f"arn:{home.partition}:ecr:*:*:repository/*",
        ]
    )
    statement = st.builds(
        lambda effect, resource, action, key: {
            "Effect": effect,
            "Principal": {"AWS": f"arn:{home.partition}:iam::{PARTNER}:root"},
            "Action": action,
            key if effect == "Deny" else "Resource": resource,
        },
        st.sampled_from(["Allow", "Deny"]),
        st.one_of(resource, resource.map(lambda arn: [arn])),
        st.sampled_from([["ecr:ReplicateImage", "ecr:CreateRepository"], "ecr:BatchDeleteImage"]),
        st.sampled_from(["Resource", "NotResource"]),
    )
    return mapping(
        {},
        {
            "replication_from": st.lists(tagging, max_size=2),
            "create_on_push": st.lists(grant, max_size=2),
            "pull_through_from": st.lists(tagging, max_size=2),
            "statements": st.lists(statement, max_size=2),
        },
    )


def _events(home: Home, region: str) -> st.SearchStrategy[list[Content]]:
    targets = [
        home.arn(service, name, region=region, account=ACCOUNT)
        for service, name in (
            ("sqs", "deployments"),
            ("sns", "pushes"),
            ("lambda", "function:triage"),
            ("logs", "log-group:/ecr/archive"),
            ("events", "event-bus/audit"),
        )
    ]
    with_role = {
        "target": st.just(home.arn("states", "stateMachine:x", region=region, account=ACCOUNT)),
        "role": st.just(home.arn("iam", "role/Events", region="", account=ACCOUNT)),
    }
    optional = {
        "name": st.sampled_from(["first", "1st", "Zweite Regel", "a/b"]),
        "description": st.sampled_from(TEXTS),
        "prefixes": some(PREFIXES, 0),
    }
    tags = {**optional, "tags": some(TAG_PATTERNS, 0)}
    severity = {"severity": st.sampled_from(["CRITICAL", "HIGH", "LOW"])}

    def event(
        kinds: list[str], keys: dict[str, st.SearchStrategy[Any]]
    ) -> st.SearchStrategy[Content]:
        kind = {"event": st.sampled_from(kinds)}
        return st.one_of(
            mapping({**kind, "target": st.sampled_from(targets)}, keys),
            mapping({**kind, **with_role}, keys),
        )

    return st.lists(
        st.one_of(
            event(
                ["image_pushed", "replicated", "pull_through_cache"],
                {**tags, "failed": st.booleans()},
            ),
            event(["image_deleted"], tags),
            event(["image_archived", "image_restored"], optional),
            event(
                ["referrer_action"],
                {
                    **optional,
                    "action": st.sampled_from(["PUSH", "DELETE"]),
                    "artifact_types": some(["application/spdx+json"], 0),
                },
            ),
            event(["scan_completed", "finding"], {**tags, **severity}),
        ),
        max_size=3,
    )


def _endpoints(home: Home, region: str) -> st.SearchStrategy[list[Content]]:
    subnets = [
        {
            "id": f"subnet-0{letter * 7}",
            "availability_zone": f"{region}{letter}",
            "route_table": f"rtb-0{letter * 7}",
        }
        for letter in "ab"
    ]
    optional = {
        "prefixes": some(PREFIXES, 0),
        "cache_prefixes": some(["ecr-public", "hub"], 0),
        "further_registries": st.dictionaries(
            st.sampled_from([PARTNER, VENDOR]), some(PREFIXES, 0), max_size=2
        ),
        "s3_endpoint": st.booleans(),
        "s3_statements": st.just(
            [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": f"arn:{home.partition}:s3:::acme-artifacts/*",
                }
            ]
        ),
        "dual_stack": st.booleans(),
    }
    common = {"subnets": st.sampled_from([subnets[:1], subnets])}
    vpc = st.sampled_from(["vpc-0a1b2c3d", "vpc-0a1b2c3d4e5f60718"])
    return st.lists(
        st.one_of(
            mapping({"vpc": vpc, "cidr": st.just("10.0.0.0/16"), **common}, optional),
            mapping(
                {"vpc": vpc, "security_groups": some(["sg-0a1b2c3d", "sg-0aaaaaaa"]), **common},
                optional,
            ),
        ),
        max_size=1,
    )


def _alarms(home: Home, region: str) -> st.SearchStrategy[Content]:
    topic = {"topic": st.just(home.arn("sns", "platform", region=region, account=ACCOUNT))}
    usage = mapping({}, {"percent": st.sampled_from([80, 0.5, 99.9]), "repositories": some(NAMES)})
    pulls = st.lists(
        mapping(
            {"repositories": some(NAMES), "more_than": st.integers(1000, 10**6)},
            {"fewer_than": st.integers(1, 1000), "period_minutes": st.sampled_from([1, 60, 1440])},
        ),
        min_size=1,
        max_size=2,
    )
    return st.one_of(
        mapping({**topic, "usage": usage}, {"pulls": pulls}),
        mapping({**topic, "pulls": pulls}, {}),
    )


@cache
def _registry(home: Home, region: str) -> dict[str, st.SearchStrategy[Any]]:
    profile = "/signing-profiles/prod"
    signing = mapping(
        {"profile": st.just(home.arn("signer", profile, region=region, account=ACCOUNT))},
        {"filters": some(["*", "payments/*"], 0)},
    )
    return {
        "scanning": _scanning(),
        "pull_through_caches": _caches(home),
        "creation_templates": _templates(home),
        "policy": _policy(home, region),
        # cfn-lint knows no such rules in China.
        "signing": st.lists(signing, max_size=int(home.partition != "aws-cn")),
        "pull_time_exclusions": some(_principals(home)[1:2], 0),
        "account_settings": mapping(
            {"basic_scan_version": st.just("AWS_NATIVE")},
            {"registry_policy_scope": st.just("V2"), "blob_mounting": st.booleans()},
        ),
        "alarms": _alarms(home, region),
        "events": _events(home, region),
        "endpoints": _endpoints(home, region),
        "acknowledge": REASONS,
    }


@cache
def _replica(home: Home, region: str) -> st.SearchStrategy[Content]:
    keys = _registry(home, region)
    for key in ("pull_through_caches", "creation_templates", "policy"):
        # Their ARNs are those of the home registry.
        del keys[key]
    return mapping({}, keys)


@cache
def _public(home: Home) -> st.SearchStrategy[list[Content]]:
    def repository(name: str) -> st.SearchStrategy[Content]:
        return mapping(
            {"name": st.just(name)},
            {
                "description": st.sampled_from(TEXTS),
                "about": st.sampled_from(TEXTS),
                "usage": st.sampled_from(TEXTS),
                "architectures": some(["ARM", "ARM 64", "x86-64"], 0),
                "operating_systems": some(["Linux", "Windows"], 0),
                "push_accounts": accounts(0),
                "push_principals": some(_principals(home), 0),
                "tags": TAGS,
                "acknowledge": REASONS,
            },
        )

    return (
        some(["acme/cli", "3scale", "1password/cli"], 0)
        .flatmap(lambda names: st.tuples(*map(repository, names)))
        .map(list)
    )


def _teams(draw: Draw, home: Home, *, replicas: bool) -> Content:
    names = draw(some(NAMES, 1, 6))
    teams = draw(some(TEAMS, 1, min(3, len(names))))
    settings = _settings(home, replicas=replicas)
    repositories: dict[str, list[Any]] = {team: [] for team in teams}
    for number, name in enumerate(names):
        written = draw(st.one_of(st.just(name), mapping({"name": st.just(name)}, settings)))
        repositories[teams[number % len(teams)]].append(written)
    return {
        team: {
            "repositories": repositories[team],
            **draw(mapping({}, {"tags": TAGS, "push": _push(home)})),
        }
        for team in teams
    }


@st.composite
def environment_files(draw: Draw, homes: Sequence[Home] = HOMES) -> Content:
    """Draw the content of an environment file, each value of which is valid."""
    home = draw(st.sampled_from(homes))
    regions = draw(some(home.others, 0, 1))
    other = draw(st.booleans()) if home.partition == "aws" else False
    replicas = bool(regions)
    content: Content = {
        "account": ACCOUNT,
        "region": home.region,
        "profile": draw(st.sampled_from(["development", "staging", "production"])),
        "teams": _teams(draw, home, replicas=replicas),
    }
    if regions:
        content["replica_regions"] = regions
    if other:
        content["replica_accounts"] = [{"account": BACKUP, "region": home.region}]
    content |= draw(
        mapping(
            {},
            {
                "organization": st.just(ORGANIZATION),
                "key_administrators": some(_principals(home)[1:2], 0),
                "key_access": st.sampled_from(["iam", "key_policy"]),
                "replicate_deletions": st.booleans(),
                "termination_protection": st.booleans(),
                "existing_ci_providers": some(["github", "gitlab", "bitbucket", "circleci"], 0),
                "alerts": mapping(
                    {},
                    {
                        "emails": some(["ops@example.com", "a.b+c@example.org"], 0),
                        "severity": st.sampled_from(["CRITICAL", "LOW"]),
                    },
                ),
                "defaults": mapping({}, _settings(home, replicas=replicas)),
            },
        )
    )
    own = _registry(home, home.region)
    if home.partition == "aws":
        own["public_repositories"] = _public(home)
    if replicas:
        own["replica"] = _replica(home, regions[0]) if not other else mapping({}, {})
        own["replicas"] = st.fixed_dictionaries({regions[0]: _replica(home, regions[0])})
    if draw(st.booleans()):
        content["registry"] = draw(mapping({}, own))
    _reconcile(content, has_organization="organization" in content)
    return content


def _reconcile(node: Any, *, has_organization: bool) -> None:
    """Remove of two settings one, and an access that admits nobody."""
    for item in node.values() if isinstance(node, dict) else node:
        if isinstance(item, dict | list):
            _reconcile(item, has_organization=has_organization)
    if isinstance(node, dict):
        if "lifecycle" in node:
            node.pop("retention", None)
        if node.get("organization_may_pull") is True and not has_organization:
            del node["organization_may_pull"]


# --- mistakes ------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, "", " ", "x", "*", "a" * 600, "ä\n", "ROOT", "aws:x"),
    *("${Token[X]}", "1" * 12, "arn:aws:iam::x:role/y", "arn:aws-cn:iam::111111111111:role/y"),
    *([], {}, [None], [[]], {"x": 1}, {"": ""}, [{}], ["a", "a"]),
)


def places(content: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value of a file."""
    if place:
        yield place
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    for step, value in items:
        yield from places(value, (*place, step))


@st.composite
def mistaken_files(draw: Draw) -> Content:
    """Draw a file in which one value is another one, is missing, is doubled or has another key."""
    content = copy.deepcopy(draw(environment_files()))
    # Hypothesis prefers the first of many places; all of them are meant.
    random = draw(st.randoms(use_true_random=True))
    *parents, step = random.choice([*places(content)])
    last: Any = step
    parent: Any = content
    for outer in parents:
        parent = parent[outer]
    change = draw(st.sampled_from(["replace", "replace", "remove", "rename", "double"]))
    if change == "replace":
        parent[last] = draw(st.sampled_from(WRONG))
    elif change == "double" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[last]))
    else:
        value = parent.pop(last)
        if change == "rename" and isinstance(parent, dict):
            parent[draw(st.sampled_from([f"{last}s", f"{last}"[:-1] or "x", "Tags", ""]))] = value
    return content
