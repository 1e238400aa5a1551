"""Random registries: what they accept is valid, and what they reject is rejected in our words."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecr_constructs import Registry
from tests.support.constructs import OTHER_ACCOUNT, THIRD_ACCOUNT, Template, new_app, synth
from tests.support.validators import NEWER_THAN_THE_SCHEMAS, linted, regions_with, validated

REGIONS = ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", None]
EXAMPLES = 100


class Ask(NamedTuple):
    """A request to a registry."""

    method: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


def some(sound: list[str], faulty: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    """Draw a few sound values, among which there is a faulty one now and then."""
    return st.lists(st.sampled_from(sound * 4 + faulty), min_size=least, max_size=3)


PREFIXES = some(["payments/", "store/", "pay", "a-b_c.d/e"], ["p", "Pay", "pay*", "/x", "x" * 257])
FILTERS = some(["*", "payments/*", "*/api", "a.b-c_d/e*"], ["", "team/", "a--b", "Team", "x" * 256])
ACCOUNTS = some([OTHER_ACCOUNT, THIRD_ACCOUNT], ["4444"], least=1)
DESTINATIONS = some(
    ["eu-west-1", "us-west-2", "ap-south-1"], ["eu-central-1", "us-gov-east-1", "mars-1"]
)
PROFILES = [
    "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/prod",
    "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/Prod_2",
    "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/" + "p" * 150,
    "prod",
]
PRINCIPALS = [
    "arn:aws:iam::111122223333:role/scanner",
    "arn:aws-cn:iam::111122223333:user/path/scanner",
    "arn:aws:iam::111122223333:role/" + "s" * 170,
    "arn:aws:iam::111122223333:root",
]


def ask(method: str, *arguments: Any, **keywords: Any) -> st.SearchStrategy[Ask]:
    """Draw a request for a method."""
    return st.builds(Ask, st.just(method), st.tuples(*arguments), st.fixed_dictionaries(keywords))


REPLICATE = ask(
    "replicate",
    to_regions=DESTINATIONS,
    to_accounts=st.dictionaries(
        st.sampled_from([OTHER_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT, "4444"]),
        DESTINATIONS,
        max_size=1,
    ),
    prefixes=PREFIXES,
    replicate_deletions=st.booleans(),
)


def asks() -> st.SearchStrategy[list[Ask]]:
    """Draw what is asked of one registry, in any order; some of it ECR would reject."""
    everything = st.tuples(
        REPLICATE,
        REPLICATE,
        ask("allow_replication_from", ACCOUNTS, prefixes=PREFIXES, tagging=st.booleans()),
        ask("allow_create_on_push", ACCOUNTS, prefixes=PREFIXES),
        ask("add_to_registry_policy", st.builds(statement, ACCOUNTS, st.booleans())),
        ask("scan_basic", on_push=FILTERS),
        ask("scan_enhanced", on_push=FILTERS, continuous=FILTERS),
        ask("sign", st.sampled_from(PROFILES), filters=FILTERS),
        ask("exclude_from_pull_time", st.just("Scanner"), st.sampled_from(PRINCIPALS)),
    )
    return everything.flatmap(st.permutations)


def statement(accounts: list[str], resources: bool) -> iam.PolicyStatement:
    """Return a statement of one's own; ECR rejects one without principals or resources."""
    return iam.PolicyStatement(
        actions=["ecr:ReplicateImage"],
        principals=[iam.AccountPrincipal(account) for account in accounts if account != "4444"],
        resources=["*"] if resources else [],
    )


class Gallery(NamedTuple):
    """Many registries in one app, and how their requests were answered."""

    templates: dict[str, Template]
    answers: Counter[tuple[str, bool]]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Return what random registries render, all of them synthesized and validated at once."""
    app = new_app(tmp_path_factory.mktemp("cdk.out"))
    answers: Counter[tuple[str, bool]] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(REGIONS), asks())
    def build(region: str | None, asked: list[Ask]) -> None:
        number = len(app.node.children)
        # An account of its own, so that it is the only registry there.
        env = cdk.Environment(account=f"{number:012}", region=region)
        registry = Registry(cdk.Stack(app, f"Stack{number}", env=env), "Registry")
        for method, arguments, keywords in asked:
            try:
                getattr(registry, method)(*arguments, **keywords)
            except ValueError:
                answers[method, False] += 1
            else:
                answers[method, True] += 1

    build()
    return Gallery(synth(app), answers)


def by_type(templates: dict[str, Template]) -> Iterator[tuple[str, Template]]:
    """Yield each resource type and a template of all its resources."""
    rendered: dict[str, Template] = {}
    for number, template in enumerate(templates.values()):
        for name, resource in template.get("Resources", {}).items():
            of_type = rendered.setdefault(resource["Type"], {"Resources": {}})["Resources"]
            # In one template, what registries of different accounts have in common is a conflict.
            if resource not in of_type.values():
                of_type[f"{name}{number}"] = resource
    yield from sorted(rendered.items())


def test_everything_was_both_accepted_and_rejected(gallery: Gallery) -> None:
    """The grammars reach the sound and the faulty of every method: no test here is idle."""
    methods = {
        *("replicate", "allow_replication_from", "allow_create_on_push", "sign"),
        *("add_to_registry_policy", "scan_basic", "scan_enhanced", "exclude_from_pull_time"),
    }

    assert {(method, item) for method in methods for item in (True, False)} == set(gallery.answers)


# It wants ARNs that are joined from references; the library renders them as given.
OPINIONS = ("W9002", "W9013")
# cfn-lint in each Region that has the resource type, and the validator of the CloudFormation team.
VALIDATORS: dict[str, Callable[[str, str], Any]] = {
    "cfn-lint": lambda text, resource_type: linted(text, regions_with(resource_type)),
    "cloudformation-validate": lambda text, _: [
        finding for finding in validated(text, "eu-central-1") if not finding.startswith(OPINIONS)
    ],
}


@pytest.mark.parametrize("name", VALIDATORS)
def test_a_validator_finds_nothing(gallery: Gallery, name: str) -> None:
    """What is accepted has no finding."""
    assert {} == {
        resource_type: findings
        for resource_type, template in by_type(gallery.templates)
        if (findings := VALIDATORS[name](json.dumps(template), resource_type))
    }


def test_deletions_are_all_that_is_newer_than_the_schemas(gallery: Gallery) -> None:
    """The finding that is not counted is about replicated deletions, which some registries have."""
    rendered = dict(by_type(gallery.templates))["AWS::ECR::ReplicationConfiguration"]

    assert NEWER_THAN_THE_SCHEMAS.split()[0].strip("'") in json.dumps(rendered)
