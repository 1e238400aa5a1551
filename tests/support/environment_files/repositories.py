"""The random settings of repositories."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.support.environment_files.drawing import (
    ACCOUNT,
    ORGANIZATION,
    PARTNER,
    REASONS,
    TAG_PATTERNS,
    TAGS,
    TEXTS,
    UUID,
    Content,
    Home,
    accounts,
    mapping,
    principal_lists,
    some,
)


@cache
def _statement(home: Home) -> st.SearchStrategy[Content]:
    principals = st.one_of(
        st.fixed_dictionaries({"AWS": some(principal_lists(home))}),
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


def cached_settings(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "tag_mutability": st.sampled_from(["mutable", "immutable"]),
        "tag_mutability_exceptions": some(["latest", "dev-*", "*-rc*"], 0),
        "encryption": _encryption(home, replicas=replicas),
        "lifecycle": st.one_of(_lifecycle_rules(), _aws_lifecycle()),
        "lifecycle_dry_run": st.booleans(),
        "organization_may_pull": st.booleans(),
        "pull_organizational_units": st.just([f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"]),
        "pull_accounts": accounts(0),
        "pull_principals": some(principal_lists(home), 0),
        "policy_statements": st.lists(_statement(home), max_size=2),
        "admit_lambda": st.one_of(
            st.booleans(),
            mapping({}, {"functions": some(["fraud-scoring", "train-*"]), "accounts": accounts()}),
        ),
        "tags": TAGS,
        "acknowledge": REASONS,
    }


def created_settings(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        **cached_settings(home, replicas=replicas),
        "retention": st.sampled_from(["development", "staging", "production"]),
        "protect_tags": some(TAG_PATTERNS, 0),
        "protect_in_use": st.booleans(),
        "push_accounts": accounts(0),
        "push_principals": some(principal_lists(home), 0),
    }


@cache
def push_settings(home: Home) -> st.SearchStrategy[Content]:
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
def repository_settings(home: Home, *, replicas: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        **created_settings(home, replicas=replicas),
        "scan_on_push": st.booleans(),
        "push": push_settings(home),
        "deletion_lock": st.booleans(),
        "replicate": st.booleans(),
        "extra_tags": st.sampled_from(["keep", "remove"]),
    }


@cache
def public_section(home: Home) -> st.SearchStrategy[list[Content]]:
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
                "push_principals": some(principal_lists(home), 0),
                "tags": TAGS,
                "acknowledge": REASONS,
            },
        )

    return (
        some(["acme/cli", "3scale", "1password/cli"], 0)
        .flatmap(lambda names: st.tuples(*map(repository, names)))
        .map(list)
    )
