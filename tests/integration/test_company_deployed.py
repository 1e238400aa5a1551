"""The registry section of an environment file, deployed to the embedded AWS and read back."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.environment.loading import load_environment
from local_aws.process import LocalAws
from stacks.stage import EnvironmentStage
from tests.support.constructs import CONTEXT, ROOT
from tests.support.embedded_aws import deploy_assembly

COMPANY = ROOT / "tests" / "app" / "company"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Deploy the company's development, and return a client of its registry."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(analytics_reporting=False, context=CONTEXT, outdir=str(outdir))
    EnvironmentStage(app, load_environment(COMPANY / "dev.yaml"))
    app.synth()
    with LocalAws() as aws:
        assert deploy_assembly(aws, outdir)
        yield aws.client("ecr", account="100000000001", region="eu-central-1")


def test_the_registry_is_as_the_file_says(client: Any) -> None:
    """Scanner, caches, templates and policy are those of the file."""
    scanning = client.get_registry_scanning_configuration()["scanningConfiguration"]
    caches = client.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    templates = client.describe_repository_creation_templates()["repositoryCreationTemplates"]
    policy = json.loads(client.get_registry_policy()["policyText"])

    assert "BASIC" == scanning["scanType"]
    assert ["docker-hub", "ecr-public"] == sorted(item["ecrRepositoryPrefix"] for item in caches)
    assert ["docker-hub", "ecr-public", "mirror", "sandbox"] == sorted(
        item["prefix"] for item in templates
    )
    assert ["ecr:CreateRepository"] == [item["Action"] for item in policy["Statement"]]
