"""Replicas: what exists there, and in which order it is deployed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.environment.resolution import ResolvedEnvironment
from stacks.stage import EnvironmentStage
from tests.app.conftest import Synth, Templates, environment, of_type

HOME, REGION, ACCOUNT = "Prod", "Prod/EuWest1", "Prod/Account444455556666/EuCentral1"
TEAMS = ("Payments", "Platform", "Storefront")


def _repositories(templates: Templates, site: str) -> dict[str, dict[str, Any]]:
    """Return the properties of every repository at a site by name."""
    return {
        properties["RepositoryName"]: properties
        for team in TEAMS
        for properties in of_type(templates[f"{site}/{team}"], "AWS::ECR::Repository")
    }


def _rule(templates: Templates) -> dict[str, Any]:
    """Return the replication rule at home."""
    [replication] = of_type(templates[f"{HOME}/Registry"], "AWS::ECR::ReplicationConfiguration")
    [rule] = replication["ReplicationConfiguration"]["Rules"]
    return dict(rule)


@pytest.fixture(scope="module")
def order(
    shipped: Mapping[str, ResolvedEnvironment], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """Return the stacks of prod in an order in which the CLI may deploy them."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path_factory.mktemp("cdk.out")))
    EnvironmentStage(app, shipped["prod"])
    [stage] = app.synth().nested_assemblies
    stacks = stage.nested_assembly.stacks
    names = {stack.id: stack.hierarchical_id for stack in stacks}
    waits = {
        names[stack.id]: {names[d.id] for d in stack.dependencies if d.id in names}
        for stack in stacks
    }
    return list(TopologicalSorter(waits).static_order())


@pytest.mark.parametrize("replica", [REGION, ACCOUNT])
@pytest.mark.parametrize("team", TEAMS)
def test_a_replica_is_there_before_its_home(order: list[str], replica: str, team: str) -> None:
    """A repository exists at the replica before anything can be pushed to it at home."""
    assert order.index(f"{replica}/{team}") < order.index(f"{HOME}/{team}")


def test_replication_begins_when_everything_is_ready(order: list[str]) -> None:
    """The rule comes after every stack of every replica."""
    elsewhere = [name for name in order if name.startswith((REGION, ACCOUNT))]
    assert len(elsewhere) == 10
    assert max(map(order.index, elsewhere)) < order.index(f"{HOME}/Registry")


@pytest.mark.parametrize("replica", [REGION, ACCOUNT])
def test_a_replica_has_the_settings_of_its_home(templates: Templates, replica: str) -> None:
    """Mutability, scanning, lifecycle, access and tags are those of the repository at home."""
    at_home = _repositories(templates, HOME)
    del at_home["platform/build-cache"]
    assert _repositories(templates, replica) == at_home


@pytest.mark.parametrize("replica", [REGION, ACCOUNT])
def test_a_replica_has_a_key_of_its_own(templates: Templates, replica: str) -> None:
    """Each Region and account encrypts with the key that its own stack exports."""
    [export] = templates[f"{replica}/Key"]["Outputs"].values()
    keys = {
        json.dumps(properties["EncryptionConfiguration"]["KmsKey"])
        for properties in _repositories(templates, replica).values()
    }
    assert keys == {json.dumps({"Fn::ImportValue": export["Export"]["Name"]})}


def test_what_is_not_to_be_replicated_is_not(templates: Templates) -> None:
    """The build cache is in no replica, and no prefix of the rule covers it."""
    rule = _rule(templates)
    prefixes = tuple(filter_["Filter"] for filter_ in rule["RepositoryFilters"])
    covered = {name for name in _repositories(templates, HOME) if name.startswith(prefixes)}
    assert covered == set(_repositories(templates, REGION))


def test_a_team_that_replicates_nothing_has_no_stack_there(synth: Synth) -> None:
    """An empty stack could not be deployed."""
    resolved = environment(
        profile="staging",
        replica_regions=["eu-west-1"],
        teams={
            "payments": {"repositories": ["payments/api"]},
            "scripts": {"repositories": [{"name": "scripts/cache", "replicate": False}]},
        },
    )
    assert {"Prod/EuWest1/Payments", "Prod/EuWest1/Registry"} == {
        path for path in synth(resolved) if path.startswith(REGION)
    }


def test_the_rule_names_every_replica(templates: Templates) -> None:
    """One rule copies to the other Region and to the other account."""
    rule = _rule(templates)
    assert rule["Destinations"] == [
        {"Region": "eu-west-1", "RegistryId": "333344445555"},
        {"Region": "eu-central-1", "RegistryId": "444455556666"},
    ]


@pytest.mark.parametrize("replica", [REGION, ACCOUNT])
def test_a_template_is_the_net_for_what_is_not_declared(templates: Templates, replica: str) -> None:
    """Each replicated namespace has a template with the environment's own settings."""
    nets = of_type(templates[f"{replica}/Registry"], "AWS::ECR::RepositoryCreationTemplate")
    mutability = {net["Prefix"]: net["ImageTagMutability"] for net in nets}
    assert mutability == dict.fromkeys(("payments", "platform/charts", "storefront"), "IMMUTABLE")


def test_only_another_account_needs_permission(templates: Templates) -> None:
    """A registry policy admits the home account, for the replicated prefixes only."""
    policies = {
        path: policy["PolicyText"]["Statement"]
        for path, template in templates.items()
        for policy in of_type(template, "AWS::ECR::RegistryPolicy")
    }
    assert list(policies) == [f"{ACCOUNT}/Registry"]
    [statement] = policies[f"{ACCOUNT}/Registry"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::333344445555:root"}
    assert "arn:aws:ecr:eu-central-1:444455556666:repository/payments/*" in statement["Resource"]


def test_values_cross_regions_as_names(templates: Templates) -> None:
    """No stack reads from a stack of another Region or account."""
    crossing = [
        path for path, template in templates.items() if "Fn::GetStackOutput" in json.dumps(template)
    ]
    assert crossing == []


def test_deletions_are_replicated_only_if_asked(
    shipped: Mapping[str, ResolvedEnvironment], synth: Synth
) -> None:
    """If the file says so, a lifecycle policy at home deletes images of the replicas too."""
    templates = synth(replace(shipped["prod"], replicate_deletions=True))
    rule = _rule(templates)
    assert rule["DeleteReplication"] == {"Enabled": True}
