"""Random environment files: what is accepted synthesizes, what is refused has a code and a line."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from ecr_constructs.environment.loading import load_environment, load_environments
from ecr_constructs.environment.registry import ReplicaRegistry
from ecr_constructs.environment.settings import (
    CachedSettings,
    CreatedSettings,
    RepositorySettings,
)
from tests.app.conftest import problems
from tests.support.effort import examples
from tests.support.environment_files.drawing import HOMES, Content
from tests.support.environment_files.files import environment_files, mistaken_files
from tests.support.environment_files.registries import registry_section
from tests.support.environment_files.repositories import (
    cached_settings,
    created_settings,
    repository_settings,
)
from tests.support.environment_promises import loaded, synthesized

FEW = settings(
    max_examples=examples(50),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize(
    ("drawn", "model"),
    [
        (cached_settings(HOMES[0], replicas=True), CachedSettings),
        (created_settings(HOMES[0], replicas=True), CreatedSettings),
        (repository_settings(HOMES[0], replicas=True), RepositorySettings),
        (registry_section(HOMES[0], HOMES[0].region), ReplicaRegistry),
    ],
    ids=["caches", "created", "repositories", "registry"],
)
def test_every_setting_is_drawn(drawn: Content, model: type[BaseModel]) -> None:
    """A new key of the file is a new key of the random files."""
    assert {*model.model_fields} == {*drawn}


@FEW
@given(environment_files())
def test_what_is_accepted_synthesizes(tmp_path: Path, content: Content) -> None:
    """In one process, without an error of the checks and without an empty stack."""
    if (environment := loaded(content, tmp_path)) is not None:
        synthesized(environment)


@settings(FEW, max_examples=examples(300))
@given(mistaken_files())
def test_a_mistake_is_refused_at_its_line(tmp_path: Path, content: Content) -> None:
    """What an editor marks is refused, and nothing raises another error."""
    loaded(content, tmp_path)


SOUND: Content = {
    "account": "111111111111",
    "region": "eu-central-1",
    "profile": "staging",
    "teams": {"x": {"repositories": ["x/api"]}},
}
TOPIC = "arn:aws:sns:eu-central-1:111111111111:topic"
KEY = "arn:aws:kms:{}:111111111111:key/11111111-2222-4333-8444-555555555555"
TAGS = {letter: {f"{letter}{number}": "v" for number in range(30)} for letter in "ab"}
SUBNET = {
    "id": "subnet-0aaaaaaa",
    "availability_zone": "eu-central-1a",
    "route_table": "rtb-0aaaaaaa",
}
EVENT = {"event": "image_pushed", "target": "arn:aws:sqs:eu-central-1:111111111111:queue"}


def registry(**keys: Any) -> Content:
    """Return the registry section with some keys."""
    return {"registry": keys}


def endpoint(**keys: Any) -> Content:
    """Return a registry with an endpoint, with other keys."""
    sound = {"vpc": "vpc-0a1b2c3d", "cidr": "10.0.0.0/16", "subnets": [SUBNET]}
    return registry(endpoints=[{**sound, **keys}])


def repository(**keys: Any) -> Content:
    """Return a team whose repository has some keys."""
    return {"teams": {"x": {"repositories": [{"name": "x/api", **keys}]}}}


def statement(**keys: Any) -> Content:
    """Return a repository with a policy statement, with other keys."""
    sound = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "ecr:BatchGetImage"}
    return repository(policy_statements=[{**sound, **keys}])


def hub(**keys: Any) -> Content:
    """Return a cache of Docker Hub with a new credential."""
    return {"upstream": "docker_hub", "credential": {"name": "hub", "username": "acme"}, **keys}


REFUSED: dict[str, tuple[Content, str]] = {
    "ids of two stacks": (
        {"teams": {"a-1": {"repositories": ["a/b"]}, "a1": {"repositories": ["c/d"]}}},
        "teams.a1: team-name-shared",
    ),
    "a stack's name": (
        {"teams": {"a" * 120: {"repositories": ["a/b"]}}},
        f"teams.{'a' * 120}: stack-name-length",
    ),
    "ids of two rules": (
        registry(events=[{**EVENT, "name": "a/b"}, {**EVENT, "name": "a--b"}]),
        "registry.events[1]: event-duplicate",
    ),
    "a rule's description": (
        registry(events=[{**EVENT, "description": "d" * 513}]),
        "registry.events[0].description: text-too-long",
    ),
    "many rules": (
        registry(events=[{**EVENT, "name": f"n{number}"} for number in range(501)]),
        "registry.events: stack-too-large",
    ),
    "many templates": (
        registry(
            creation_templates=[
                {"prefix": f"p{number}x", "applied_for": ["replication"]} for number in range(501)
            ]
        ),
        "registry.creation_templates: stack-too-large",
    ),
    "many alarms": (
        registry(
            alarms={
                "topic": TOPIC,
                "usage": {"repositories": ["x/api"]},
                "pulls": [
                    {
                        "repositories": [f"a/b{number}" for number in range(250)],
                        "more_than": 9,
                        "fewer_than": 1,
                    }
                ],
            }
        ),
        "registry.alarms: stack-too-large",
    ),
    "many recipients": (
        {"alerts": {"emails": [f"a{number}@example.com" for number in range(501)]}},
        "alerts.emails: stack-too-large",
    ),
    "many projects": (
        {
            "teams": {
                "x": {
                    "repositories": [
                        {
                            "name": f"a/{number}",
                            "push": {"github": f"a/{number}", "branches": ["b"]},
                        }
                        for number in range(251)
                    ]
                }
            }
        },
        "teams.x.repositories[0]: stack-too-large",
    ),
    "many caches": (
        registry(
            pull_through_caches=[
                {"upstream": "quay", "repository_prefix": f"p{number}x"} for number in range(51)
            ]
        ),
        "registry.pull_through_caches: pull-through-cache-count",
    ),
    "a secret of two caches": (
        registry(pull_through_caches=[hub(), hub(repository_prefix="other")]),
        "registry.pull_through_caches[1].credential: credential-duplicate",
    ),
    "a subnet twice": (
        endpoint(subnets=[SUBNET, {**SUBNET, "availability_zone": "eu-central-1b"}]),
        "registry.endpoints[0].subnets[1]: endpoint-subnet-duplicate",
    ),
    "a group twice": (
        {
            "registry": {
                "endpoints": [
                    {
                        "vpc": "vpc-0a1b2c3d",
                        "subnets": [SUBNET],
                        "security_groups": ["sg-0aaaaaaa"] * 2,
                    }
                ]
            }
        },
        "registry.endpoints[0].security_groups[1]: endpoint-security-group-duplicate",
    ),
    "a zone": (
        endpoint(subnets=[{**SUBNET, "availability_zone": "eu-central-1zz"}]),
        "registry.endpoints[0].subnets[0].availability_zone: endpoint-availability-zone",
    ),
    "an address": (endpoint(cidr="10.0.0.0"), "registry.endpoints[0].cidr: endpoint-cidr-format"),
    "a mask": (
        endpoint(cidr="10.0.0.0/255.255.0.0"),
        "registry.endpoints[0].cidr: endpoint-cidr-format",
    ),
    "an action without a service": (
        statement(Action=["BatchGetImage"]),
        "teams.x.repositories[0].policy_statements[0].Action[0]: text-format",
    ),
    "an action that CDK does not know": (
        statement(Action="ecr:BatchGetImag?"),
        "teams.x.repositories[0].policy_statements[0].Action: text-format",
    ),
    "nobody": (
        statement(Principal={}),
        "teams.x.repositories[0].policy_statements[0].Principal: too-few",
    ),
    "tags of a team and the defaults": (
        {
            "defaults": {"tags": TAGS["a"]},
            "teams": {"x": {"tags": TAGS["b"], "repositories": ["x/api"]}},
        },
        "defaults.tags: tag-count",
    ),
    "tags of a public repository": (
        {
            "defaults": {"tags": TAGS["a"]},
            **registry(public_repositories=[{"name": "acme/x", "tags": TAGS["b"]}]),
        },
        "registry.public_repositories[0].tags: tag-count",
    ),
    "many functions": (
        repository(admit_lambda={"accounts": [f"{number:012}" for number in range(100)]}),
        "teams.x.repositories[0].admit_lambda: repository-policy-length",
    ),
    "a boundary": (
        repository(push={"github": "a/b", "branches": ["c"], "permissions_boundary": "x"}),
        "teams.x.repositories[0].push.permissions_boundary: text-format",
    ),
    "two names of a replica": (
        {
            "replica_regions": ["eu-west-1"],
            **registry(replicas={"eu-west-1": {}, "111111111111/eu-west-1": {}}),
        },
        "registry.replicas.111111111111/eu-west-1: replica-duplicate",
    ),
    "two keys of a replica": (
        {
            "replica_regions": ["eu-west-1"],
            **repository(
                encryption={
                    "key": KEY.format("eu-central-1"),
                    "replica_keys": {
                        "eu-west-1": KEY.format("eu-west-1"),
                        "111111111111/eu-west-1": KEY.format("eu-west-1"),
                    },
                }
            ),
        },
        "teams.x.repositories[0].encryption.replica_keys.111111111111/eu-west-1: replica-duplicate",
    ),
    "another partition": (
        repository(pull_principals=["arn:aws-cn:iam::111111111111:role/a"]),
        "teams.x.repositories[0].pull_principals[0]: arn-partition",
    ),
    "an exclusion in another partition": (
        registry(pull_time_exclusions=["arn:aws-cn:iam::111111111111:role/a"]),
        "registry.pull_time_exclusions[0]: arn-partition",
    ),
    "the mark of a token": (
        repository(tags={"a": "${Token[X.1]}"}),
        "teams.x.repositories[0].tags.a: deploy-time-value",
    ),
    "the mark of a list": (
        repository(protect_tags=["#{Token[X.1]}"]),
        "teams.x.repositories[0].protect_tags[0]: deploy-time-value",
    ),
    "a key that is the mark of a token": (
        repository(tags={"${Token[X.1]}": "a"}),
        "teams.x.repositories[0].tags.${Token[X.1]}: deploy-time-value",
    ),
}


@pytest.mark.parametrize(("change", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_would_not_synthesize_is_refused(
    change: Content, expected: str, tmp_path: Path
) -> None:
    """Each was accepted once, and was an error of CDK or of CloudFormation."""
    path = tmp_path / "prod.yaml"
    path.write_text(yaml.safe_dump({**SOUND, **change}, sort_keys=False), encoding="utf-8")
    assert [expected] == [item.partition(": ")[2] for item in problems(load_environment, path)]


def test_what_two_files_would_name_alike_is_refused(tmp_path: Path) -> None:
    """Stages have ids in the app, and stacks names in an account and Region."""
    files = {"a-1": "b", "a1": "c", "a-1-ecr": "d", "x": "ecr-y", "x-ecr": "y"}
    for number, (name, team) in enumerate(files.items()):
        content = {**SOUND, "teams": {team: {"repositories": [f"{team}/api{number}"]}}}
        (tmp_path / f"{name}.yaml").write_text(
            yaml.safe_dump(content, sort_keys=False), encoding="utf-8"
        )
    assert {
        "a1.yaml: 1: environment-name-shared",
        "x.yaml: 5: teams.ecr-y: stack-name-shared",
    } == set(problems(load_environments, tmp_path))


ACCEPTED: dict[str, Content] = {
    "a replica whose registry has nothing of its own": {
        "replica_regions": ["eu-west-1"],
        "teams": {"x": {"repositories": ["api", {"name": "web", "replicate": False}]}},
    },
    "a project at two issuers": {
        "teams": {
            "x": {
                "repositories": [
                    {"name": "a/a", "push": {"gitlab": "acme/a/b", "branches": ["c"]}},
                    {"name": "a/b", "push": {"gitlab": "acme/a--b", "branches": ["c"]}},
                    {
                        "name": "a/c",
                        "push": {
                            "gitlab": "acme/a/b",
                            "branches": ["c"],
                            "url": "https://gitlab.example.com",
                        },
                    },
                ]
            }
        }
    },
    "digits, spaces and more in a name": registry(
        events=[{**EVENT, "name": name} for name in ("1st", "Default", "✓", " ")]
    ),
    "patterns in place of a partition": registry(
        policy={
            "statements": [
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": "222222222222"},
                    "Action": "ecr:BatchDeleteImage",
                    "Resource": "arn:aws*:ecr:*:*:repository/*",
                }
            ]
        }
    ),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_what_looks_wrong_synthesizes(change: Content, tmp_path: Path) -> None:
    """Each was an error of CDK once, or is next to what is refused."""
    environment = loaded({**SOUND, **change}, tmp_path)
    assert environment is not None
    assert synthesized(environment)
