"""Who deploys from CI: the roles of examples/deploy_role, and what they may do."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.registry_id import RegistryId
from stacks.stage import EnvironmentStage
from tests.app.conftest import environment
from tests.support.examples import run_example

STACKS = ["dev-111122223333", "prod-333344445555", "prod-444455556666", "staging-222233334444"]
HOMES = {"dev": "111122223333", "staging": "222233334444", "prod": "333344445555"}
KINDS = {"plan": {"lookup"}, "deploy": {"lookup", "file-publishing", "deploy"}}
GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.com"

Stacks = dict[str, dict[str, Any]]


def synthesized(outdir: Path, **context: str) -> Stacks:
    """Return the resources of each stack of the example."""
    run_example("deploy_role", outdir, context={"project": "acme/registry", **context})
    return {
        path.name.removesuffix(".template.json"): json.loads(path.read_text("utf-8"))["Resources"]
        for path in sorted(outdir.glob("*.template.json"))
    }


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """Return the example's stacks for GitHub."""
    return synthesized(tmp_path_factory.mktemp("roles"))


def test_the_repository_of_ci_has_to_be_named(tmp_path: Path) -> None:
    """A default would trust the workflows of somebody else."""
    with pytest.raises(SystemExit, match="project=OWNER/NAME"):
        synthesized(tmp_path, project="")


def of_role(stacks: Stacks, job: str, name: str) -> tuple[dict[str, Any], set[str]]:
    """Return the condition under which a role is assumed, and the roles that it assumes."""
    resources = stacks[f"{name}-{HOMES[name]}"]
    [(logical_id, role)] = [
        (key, item["Properties"])
        for key, item in resources.items()
        if item["Properties"].get("RoleName") == f"ci-{job}-{name}"
    ]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert role.keys() == {"AssumeRolePolicyDocument", "RoleName"}
    policies = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources.values()
        if {"Ref": logical_id} in item["Properties"].get("Roles", [])
    ]
    statements = [statement for policy in policies for statement in policy]
    assert {("Allow", "sts:AssumeRole")} == {
        (statement["Effect"], statement["Action"]) for statement in statements
    }
    listed = [statement["Resource"] for statement in statements]
    arns = [arn for item in listed for arn in (item if isinstance(item, list) else [item])]
    return trust["Condition"], {
        "".join(part if isinstance(part, str) else "aws" for part in arn["Fn::Join"][1])
        for arn in arns
    }


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.parametrize("job", KINDS)
def test_a_role_assumes_exactly_the_bootstrapped_roles(
    stacks: Stacks, shipped: dict[str, ResolvedEnvironment], job: str, name: str
) -> None:
    """Those of each account and Region that the environment's stacks are deployed to."""
    _, assumed = of_role(stacks, job, name)

    assert assumed == {
        f"arn:aws:iam::{place.account}:role/cdk-hnb659fds-{kind}-role-{place.account}-{place.region}"
        for place in shipped[name].registries
        for kind in KINDS[job]
    }


def test_only_an_approved_job_of_main_deploys(stacks: Stacks) -> None:
    """The plan runs for what was merged; a deployment needs the environment too."""
    planned, _ = of_role(stacks, "plan", "prod")
    deployed, _ = of_role(stacks, "deploy", "prod")

    audience = {f"{GITHUB}:aud": "sts.amazonaws.com"}
    main = {f"{GITHUB}:sub": "repo:acme/registry:ref:refs/heads/main"}
    approved = {
        f"{GITHUB}:sub": "repo:acme/registry:environment:prod",
        f"{GITHUB}:ref": "refs/heads/main",
    }
    assert planned == {"StringEquals": audience | main}
    assert deployed == {"StringEquals": audience | approved}


def test_gitlab_deploys_from_a_protected_branch(tmp_path: Path) -> None:
    """The provider exists already, if the context says so."""
    stacks = synthesized(tmp_path, ci="gitlab", **{"provider-exists": "true"})
    conditions = [of_role(stacks, job, "dev")[0]["StringEquals"] for job in KINDS]

    subject = "project_path:acme/registry:ref_type:branch:ref:main"
    assert conditions[0] == conditions[1]
    assert (subject, "true") == (
        conditions[0][f"{GITLAB}:sub"],
        conditions[0][f"{GITLAB}:ref_protected"],
    )
    types = [item["Type"] for resources in stacks.values() for item in resources.values()]
    assert "AWS::IAM::OIDCProvider" not in types


def test_every_account_gets_the_execution_policy(stacks: Stacks) -> None:
    """A replica's account has no roles of CI: those of the home account deploy there."""
    types = {
        name: sorted(item["Type"].rpartition("::")[2] for item in resources.values())
        for name, resources in stacks.items()
    }
    assert sorted(types) == STACKS
    assert types["prod-444455556666"] == ["ManagedPolicy"]
    assert types["prod-333344445555"] == [
        *("ManagedPolicy", "OIDCProvider", "Policy", "Policy", "Role", "Role")
    ]


FILE = """
account: "111122223333"
region: {region}
profile: development
teams: {{ payments: {{ repositories: [payments/{name}] }} }}
"""
LONG = "development-of-the-european-platform"


def test_environments_may_share_an_account(tmp_path: Path) -> None:
    """It gets the provider once; the names of roles are those that CloudFormation shortens."""
    folder = tmp_path / "environments"
    folder.mkdir()
    for name, region in (("test", "eu-central-1"), (LONG, "eu-west-1")):
        text = FILE.format(region=region, name=name)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    stacks = synthesized(tmp_path / "out", environments=str(folder))

    types = [item["Type"] for resources in stacks.values() for item in resources.values()]
    assert types.count("AWS::IAM::OIDCProvider") == 1
    documents = {name: json.dumps(resources) for name, resources in stacks.items()}
    assert "role/test-ecr-*" in documents["test-111122223333"]
    assert "role/development-of-the-e*" in documents[f"{LONG}-111122223333"]
    assert "ENVIRONMENT" not in str(documents)


PUBLIC = {"public_repositories": [{"name": "tools"}]}


@pytest.mark.parametrize(
    ("content", "further"),
    [
        ({}, []),
        ({"replica_regions": ["eu-west-1"]}, ["eu-west-1"]),
        ({"registry": PUBLIC}, ["us-east-1"]),
        ({"registry": PUBLIC, "replica_regions": ["us-east-1"]}, ["us-east-1"]),
    ],
)
def test_the_places_are_those_of_the_stacks(content: dict[str, Any], further: list[str]) -> None:
    """`deployed_to` lists each account and Region that a stack has."""
    resolved = environment(**content)
    stage = EnvironmentStage(cdk.App(), resolved)
    stacks = [item for item in stage.node.find_all() if isinstance(item, cdk.Stack)]

    assert {*resolved.deployed_to} == {RegistryId(item.account, item.region) for item in stacks}
    assert [place.region for place in resolved.deployed_to] == ["eu-central-1", *further]
