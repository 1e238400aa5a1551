"""Python next to the environment file."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import Registry
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.registry_id import RegistryId
from stacks.extensions import extend
from stacks.stage import EnvironmentStage
from tests.app.conftest import environment
from tests.support.errors import rejects

SCANS: dict[str, Any] = {"registry": {"scanning": {"type": "basic", "on_push": ["payments/*"]}}}


def _stage(tmp_path: Path, resolved: ResolvedEnvironment) -> EnvironmentStage:
    return EnvironmentStage(cdk.App(outdir=str(tmp_path)), resolved)


def _stacks(stage: EnvironmentStage) -> list[str]:
    return sorted(item.stack_name for item in stage.node.find_all() if isinstance(item, cdk.Stack))


@pytest.mark.parametrize(
    "content",
    [{}, SCANS, {"replica_regions": ["eu-west-1"]}],
    ids=["nothing", "scanning", "replicas"],
)
def test_registry_of_works_in_every_environment(tmp_path: Path, content: dict[str, Any]) -> None:
    """The stack of the registry is defined by the file, or by the first call."""
    stage = _stage(tmp_path, environment(profile="staging", **content))
    stack = stage.add_stack("inspector", description="Scans at night")

    Registry.of(stack).scan_basic(on_push=["payments/*"])
    registry = Registry.of(stack)

    assert registry is Registry.of(stage.stack("payments"))
    assert stage.stack("registry").node.path == "Prod/Registry"
    assert {"prod-ecr-inspector", "prod-ecr-registry"} <= {*_stacks(stage)}


def test_a_registry_that_nobody_asks_for_has_no_stack(tmp_path: Path) -> None:
    """CloudFormation rejects a stack without resources."""
    stage = _stage(tmp_path, environment(profile="staging"))
    extend(stage)

    assert ["prod-ecr-payments"] == _stacks(stage)
    with pytest.raises(KeyError):
        stage.stack("registry")


def test_requests_are_merged_with_those_of_the_file(tmp_path: Path) -> None:
    """A contradiction is an error, as between any two parts of an app."""
    stage = _stage(tmp_path, environment(profile="staging", **SCANS))

    with rejects("scanning-type-conflict"):
        Registry.of(stage.stack("registry")).scan_enhanced()


def test_a_stack_of_ones_own_may_be_at_a_replica(tmp_path: Path) -> None:
    """It is in the account and Region of the replica, next to the stacks of the file."""
    replica = {"account": "444455556666", "region": "eu-west-1"}
    stage = _stage(tmp_path, environment(profile="staging", replica_accounts=[replica]))
    there = RegistryId("444455556666", "eu-west-1")

    stack = stage.add_stack("inspector", registry=there)

    assert there == (stack.account, stack.region)
    assert stack.node.path == "Prod/Account444455556666/EuWest1/Inspector"
    assert stage.stack("registry", there).node.scope is stack.node.scope
