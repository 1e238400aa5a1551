"""Values of wrong types: every public constructor and method names the keyword, or converts."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, StrEnum
from functools import partial
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_sns as sns

import ecr_constructs as ours
from ecr_constructs.checks.config_file import ConfigError
from ecr_constructs.constructs.imported_repository import ImportedRepository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    new_app,
    role_of,
    signing_profile,
)
from tests.support.errors import written

PROFILE = signing_profile("release")
UUID = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
# None means something else than the default, or the value's own rules accept any type.
OWN_RULES = {
    ("LifecycleRule", "count_number"),
    ("LifecycleRule", "rule_priority"),
    ("PullThroughCache.grant_pull_to_lambda", "account"),
    ("RegistryEndpoints", "account"),
    ("RepositoryCreationTemplate.grant_pull_to_lambda", "account"),
    ("Upstream.ecr", "account"),
    ("RepositoryDefaults.inject", "original_props"),
    ("LifecyclePolicy.__eq__", "other"),
}


class Alien:
    """A value that no keyword takes."""


class Colour(Enum):
    """An enumeration of something else."""

    RED = 1


class Word(StrEnum):
    """Strings, as botocore's and boto3-stubs' users define them."""

    HIGH = "HIGH"
    NAME = "payments/api"


WRONG: dict[str, Any] = {
    "an object": Alien(),
    "a number": 5,
    "zero": 0,
    "a fraction": 1.5,
    "a truth": True,
    "a string": "payments",
    "bytes": b"payments",
    "a list of objects": [Alien()],
    "a list of None": [None],
    "a list of lists": [["a"]],
    "a mapping": {"a": Alien()},
    "a mapping of numbers": {1: 1},
    "a member": Colour.RED,
    "a stock rule": ecr.LifecycleRule(max_image_count=1),
    "a class": Alien,
    "a function": print,
    "a duration": cdk.Duration.hours(5),
    "a token": cdk.Token.as_any({"Ref": "X"}),
    "an empty string": "",
    "NUL": "\0",
}


def public_callables() -> Iterator[tuple[str, type, str, list[str]]]:
    """Yield the title, class, name and keywords of each public constructor and method."""
    for kind in [*(getattr(ours, name) for name in ours.__all__), ImportedRepository]:
        names = {
            name
            for owner in kind.__mro__
            if owner.__module__.startswith("ecr_constructs")
            for name in vars(owner)
            if name == "__init__" or not name.startswith("_")
        }
        for name in sorted(names):
            function = inspect.getattr_static(kind, name)
            function = getattr(function, "__func__", function)
            if not inspect.isfunction(function):
                continue
            keywords = [
                parameter.name
                for parameter in inspect.signature(function).parameters.values()
                if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
                and parameter.name not in ("self", "cls")
            ]
            title = kind.__name__ if name == "__init__" else f"{kind.__name__}.{name}"
            yield title, kind, name, keywords


CALLABLES = [item for item in public_callables() if item[3]]


@pytest.mark.parametrize(
    ("title", "kind", "name", "keywords"), CALLABLES, ids=[title for title, *_ in CALLABLES]
)
def test_each_keyword_names_itself(title: str, kind: type, name: str, keywords: list[str]) -> None:
    """An object of a strange class is rejected before anything else, by the keyword's name."""
    instance = kind if name == "__init__" else object.__new__(kind)
    call: Callable[..., Any] = kind if name == "__init__" else getattr(instance, name)
    for keyword in keywords:
        if (title, keyword) in OWN_RULES:
            continue
        with pytest.raises(ValidationError) as caught:
            call(**{keyword: Alien()})

        [problem] = written(caught.value.diagnostics)
        # Further rules of the value come with an index.
        # An account has rules of its own, which also name a number.
        own = ("account: account-id-format",) if keyword == "account" else ()
        assert problem.startswith((*own, f"{keyword}: wrong-type", f"{keyword}[0]: "))


# Fields of values, which have the type of the attribute; None is accepted, as everywhere.
FIELDS = {"BitbucketPipelines", "CircleCi", "GitHubActions", "GitLabCi", "LifecycleRule"}
FIELDS |= {"TagMutability"}


def test_optional_keywords_have_a_type_with_none() -> None:
    """None is their default; `id` is optional only because of its other name."""
    others = {
        f"{title}: {parameter.name}"
        for title, kind, name, _ in CALLABLES
        if title not in FIELDS
        for function in [inspect.getattr_static(kind, name)]
        for hints in [typing.get_type_hints(getattr(function, "__func__", function))]
        for parameter in inspect.signature(getattr(kind, name)).parameters.values()
        if parameter.default is not parameter.empty
        and type(None) not in typing.get_args(hints[parameter.name])
        and parameter.name != "id"
    }

    assert set() == others


def test_every_public_class_is_walked() -> None:
    """The walk finds more than constructors."""
    titles = {title for title, *_ in CALLABLES}

    assert {"Repository", "Registry.sign", "Upstream.ecr", "Repository.on_finding"} <= titles
    assert len(CALLABLES) > 100


_RULES: dict[str, dict[str, Any]] = {
    "expire_untagged": {"after_days": 1},
    "expire": {"after_days": 1},
    "keep_last": {"count": 1},
    "protect": {"tag_pattern": "v*"},
    "archive": {"after_days": 1},
    "expire_archived": {"after_days": 90},
}


def calls(stack: cdk.Stack) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return calls with which each construct and method is accepted."""
    at = iter(range(10_000))

    def new(kind: Any) -> Callable[..., Any]:
        # A name of its own, for what an app has only once.
        return lambda **keywords: kind(
            cdk.Stack(cdk.App.of(stack), f"S{next(at)}", env=cdk.Environment(region="us-east-1")),
            "C",
            **keywords,
        )

    def numbered(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda **keywords: method(f"E{next(at)}", **keywords)

    repository = ours.Repository(stack, "Repository")
    imported = ours.Repository.from_repository_name(stack, "Imported", "a/b")
    registry = ours.Registry(stack, "Registry")
    cache = ours.PullThroughCache(stack, "Cache", upstream=ours.Upstream.quay())
    role = role_of(stack)
    scope = {"prefix": "payments/"}
    grants = {
        f"{holder.__class__.__name__}.{name}": (getattr(holder, name), {"grantee": role, **more})
        for holder, more in ((repository, {}), (imported, {}), (registry, scope), (cache, {}))
        for name in dir(type(holder))
        if name.startswith("grant_") and "_to_" not in name
    }
    rules: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        f"{holder.__class__.__name__}.{name}": (
            numbered(getattr(holder, name)),
            {},
        )
        for holder in (repository, registry, cache)
        for name in vars(ours.Repository).keys() | set(dir(type(holder)))
        if name.startswith("on_") and name in dir(type(holder)) and name not in dir(ecr.Repository)
    }
    github = ours.GitHubActions(repository="acme/payments-api", branches=["main"])
    return {
        **grants,
        **rules,
        "Repository": (new(ours.Repository), {}),
        "PublicRepository": (new(ours.PublicRepository), {}),
        "RepositoryCreationTemplate": (
            new(ours.RepositoryCreationTemplate),
            {"prefix": "payments", "applied_for": ["REPLICATION"]},
        ),
        "PullThroughCache": (new(ours.PullThroughCache), {"upstream": ours.Upstream.quay()}),
        "PullThroughCredential": (
            new(ours.PullThroughCredential),
            {"name": "hub", "username": "acme"},
        ),
        "AccountSettings": (new(ours.AccountSettings), {"blob_mounting": True}),
        "ScanAlerts": (new(ours.ScanAlerts), {}),
        "UsageAlarms": (new(ours.UsageAlarms), {"topic": sns.Topic(stack, "Topic")}),
        "RegistryKey": (new(ours.RegistryKey), {"alias": "alias/ecr/prod"}),
        "CiProvider": (new(ours.CiProvider), {"issuer": ours.CiIssuer.gitlab()}),
        "CiPushRole": (new(ours.CiPushRole), {"ci": github, "repositories": [repository]}),
        "Repository.add_to_resource_policy": (repository.add_to_resource_policy, {}),
        "Repository.grant_pull_to_lambda": (repository.grant_pull_to_lambda, {}),
        "Repository.grant_pull_to_code_build": (repository.grant_pull_to_code_build, {}),
        "Repository.from_repository_attributes": (
            lambda **keywords: ours.Repository.from_repository_attributes(
                stack, f"I{next(at)}", **keywords
            ),
            {
                "repository_arn": f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/a/b",
                "repository_name": "a/b",
            },
        ),
        "Registry.replicate": (registry.replicate, {"to_regions": ["eu-west-1"]}),
        "Registry.allow_replication_from": (
            registry.allow_replication_from,
            {"accounts": [OTHER_ACCOUNT], "prefixes": ["payments/"]},
        ),
        "Registry.allow_create_on_push": (
            registry.allow_create_on_push,
            {"accounts": [OTHER_ACCOUNT], "prefixes": ["payments/"]},
        ),
        "Registry.add_to_registry_policy": (registry.add_to_registry_policy, {}),
        "Registry.scan_enhanced": (registry.scan_enhanced, {"continuous": ["*"]}),
        "Registry.sign": (registry.sign, {"signing_profile_arn": PROFILE}),
        "Registry.exclude_from_pull_time": (
            lambda **keywords: registry.exclude_from_pull_time(f"X{next(at)}", **keywords),
            {"principal_arn": f"arn:aws:iam::{ACCOUNT}:role/r"},
        ),
        "MakeTagsImmutable": (ours.MakeTagsImmutable, {}),
        "ScanOnPush": (ours.ScanOnPush, {}),
        "EncryptWithKey": (ours.EncryptWithKey, {}),
        "ExpireUntagged": (ours.ExpireUntagged, {"after_days": 1}),
        "RepositoryDefaults": (ours.RepositoryDefaults, {}),
        "LifecycleRule": (
            ours.LifecycleRule,
            {"tag_status": "any", "count_type": "imageCountMoreThan", "count_number": 1},
        ),
        **{
            f"LifecycleRule.{name}": (getattr(ours.LifecycleRule, name), keywords)
            for name, keywords in _RULES.items()
        },
        "LifecyclePolicy.forecast": (ours.LifecyclePolicy().forecast, {"images": []}),
        "LifecyclePolicy.simulate": (ours.LifecyclePolicy().simulate, {"images": []}),
        "LifecyclePolicy.lint": (ours.LifecyclePolicy().lint, {"images": []}),
        "LifecyclePolicy.from_json": (ours.LifecyclePolicy.from_json, {}),
        "Retention.production": (ours.Retention.production, {}),
        "TagMutability": (ours.TagMutability, {"is_immutable": True}),
        "TagMutability.immutable": (ours.TagMutability.immutable, {}),
        "Encryption": (ours.Encryption, {"type": "KMS"}),
        "Encryption.customer_managed": (ours.Encryption.customer_managed, {}),
        "Upstream.docker_hub": (ours.Upstream.docker_hub, {}),
        "Upstream.ecr": (ours.Upstream.ecr, {"account": ACCOUNT, "region": "eu-west-1"}),
        "Upstream.azure": (ours.Upstream.azure, {"registry_url": "a.azurecr.io"}),
        "GitHubActions": (ours.GitHubActions, {"repository": "a/b", "branches": ["main"]}),
        "GitLabCi": (ours.GitLabCi, {"project": "a/b", "branches": ["main"]}),
        "BitbucketPipelines": (
            ours.BitbucketPipelines,
            {
                "workspace": "acme",
                "workspace_uuid": UUID,
                "repository_uuid": UUID,
                "environments": [UUID],
            },
        ),
        "CircleCi": (
            ours.CircleCi,
            {
                "organization_id": UUID,
                "project_id": UUID,
                "vcs_origin": "github.com/a/b",
                "branches": ["main"],
            },
        ),
        "CiIssuer": (ours.CiIssuer, {"url": "https://example.com", "audience": "a"}),
        "CiIssuer.bitbucket": (
            ours.CiIssuer.bitbucket,
            {"workspace": "acme", "workspace_uuid": UUID},
        ),
        "CiIssuer.circleci": (ours.CiIssuer.circleci, {"organization_id": UUID}),
        "EcrChecks": (ours.EcrChecks, {}),
        "Inventory": (ours.Inventory, {}),
        "Inventory.from_describe_images": (ours.Inventory.from_describe_images, {}),
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return the calls, in an app that all cases share."""
    app = new_app(tmp_path_factory.mktemp("arguments") / "cdk.out")
    return calls(cdk.Stack(app, "Stack", env=ENV))


NAMES = sorted(calls(cdk.Stack(cdk.App(), "Stack", env=ENV)))


@pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", NAMES)
def test_no_value_ends_in_another_error(
    name: str, everything: Mapping[str, tuple[Any, dict[str, Any]]]
) -> None:
    """A value of any type is accepted, or rejected with a ValueError; None is the default."""
    call, valid = everything[name]
    function = call.__wrapped__ if hasattr(call, "__wrapped__") else call
    options = dict(inspect.signature(function).parameters)
    title, _, _, keywords = next(
        (item for item in CALLABLES if item[0] == name), (name, None, None, [*options])
    )
    for keyword in keywords:
        if keyword in ("scope", "id", "construct_id"):
            continue
        for value in (*WRONG.values(), None):
            attempt = partial(call, **{**valid, keyword: value})
            try:
                attempt()
            except (ValueError, ConfigError):
                pass
            except Exception as error:
                # Python's own error is about another argument of the call.
                if isinstance(error, TypeError) and "argument" in str(error):
                    continue
                message = f"{title}({keyword}={value!r}): {type(error).__name__}: {error}"
                raise AssertionError(message) from error
