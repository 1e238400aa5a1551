"""The random sections of a registry."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.support.environment_files.drawing import (
    ACCOUNT,
    NAMES,
    PARTNER,
    PREFIXES,
    REASONS,
    TAG_PATTERNS,
    TEXTS,
    VENDOR,
    Content,
    Home,
    accounts,
    mapping,
    principal_lists,
    some,
)
from tests.support.environment_files.repositories import cached_settings, created_settings


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
        **cached_settings(home, replicas=False),
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
        **created_settings(home, replicas=False),
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
def registry_section(home: Home, region: str) -> dict[str, st.SearchStrategy[Any]]:
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
        "pull_time_exclusions": some(principal_lists(home)[1:2], 0),
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
def replica_section(home: Home, region: str) -> st.SearchStrategy[Content]:
    # The ARNs of these are those of the home registry.
    left_out = ("pull_through_caches", "creation_templates", "policy")
    section = registry_section(home, region)
    return mapping({}, {key: item for key, item in section.items() if key not in left_out})
