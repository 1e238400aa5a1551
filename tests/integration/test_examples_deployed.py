"""The examples, deployed to the embedded AWS and read back."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws import images
from local_aws.process import LocalAws
from tests.support.constructs import CONTEXT
from tests.support.embedded_aws import deploy_assembly
from tests.support.event_patterns import EVENTS, changed
from tests.support.examples import EXAMPLES, run_example
from tests.support.input_transformers import transformed
from tests.support.workloads import WORKLOADS

Deploy = Callable[[str], None]
Client = Callable[..., Any]

HOME, PARTNER = "111122223333", "444455556666"
REGION, REPLICA = "eu-central-1", "eu-west-1"
DEPLOYED = {
    *("alerts", "ci_push", "creation_template", "defaults", "private_pulls"),
    *("public_repository", "pull_through_cache", "registry", "replication", "roles"),
}
NOT_DEPLOYED = {
    # Its Lambda function needs the AWS SDK of Lambda's runtime, which the embedded AWS lacks.
    "account_settings",
    # test_deploy_in_ci.py deploys it, to accounts of its own.
    "deploy_role",
    # The embedded AWS has no CodePipeline.
    "pipelines",
    # The embedded CloudWatch does not support alarms on expressions.
    "usage_alarms",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An embedded AWS for the examples alone: they own whole registries."""
    with LocalAws() as running:
        yield running


@pytest.fixture(scope="module")
def client(aws: LocalAws) -> Client:
    """Return the clients of an account and Region, by default of those that examples are for."""

    def create(service: str, region: str = REGION, account: str = HOME) -> Any:
        return aws.client(service, account=account, region=region)

    return create


@pytest.fixture(scope="module")
def deploy(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    """Deploy an example; a second deployment finds nothing to change."""

    def run(name: str) -> None:
        assert name in DEPLOYED
        outdir = tmp_path_factory.mktemp("cdk.out")
        run_example(name, outdir, context=CONTEXT)
        assert deploy_assembly(aws, outdir)
        assert [] == deploy_assembly(aws, outdir)

    return run


def test_two_stacks_contribute_to_one_registry(client: Client, deploy: Deploy) -> None:
    """The registry has the settings of the platform's and of a team's stack."""
    deploy("registry")
    ecr = client("ecr")

    assert "sandbox/" in ecr.get_registry_policy()["policyText"]
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    payments = [{"filter": "payments/*", "filterType": "WILDCARD"}]
    rule = {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": payments}
    assert scanning == {"scanType": "ENHANCED", "rules": [rule]}
    [rule] = ecr.get_signing_configuration()["signingConfiguration"]["rules"]
    assert rule["signingProfileArn"].endswith(":/signing-profiles/payments")
    assert len(ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]) == 1


def test_roles_are_granted_the_registry(client: Client, deploy: Deploy) -> None:
    """Each role exists with its one policy."""
    deploy("roles")
    iam = client("iam")

    roles = [role for role in iam.list_roles()["Roles"] if role["RoleName"].startswith("Access-")]
    assert len(roles) == 4
    for role in roles:
        name = role["RoleName"]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        assert "arn:aws:ecr:eu-central-1:111122223333:repository/" in str(document)


def test_images_reach_a_region_and_a_partner(aws: LocalAws, client: Client, deploy: Deploy) -> None:
    """The same digest arrives where the repositories exist."""
    stacks = client("cloudformation")
    if any(stack["StackName"] == "Payments" for stack in stacks.describe_stacks()["Stacks"]):
        # Both examples own payments/api; one registry has it once.
        stacks.delete_stack(StackName="Payments")
        ecr = client("ecr")
        ecr.delete_repository(repositoryName="payments/api", force=True)
    deploy("replication")
    digest = aws.registry(HOME, REGION).push("payments/worker:v1", images.image("a"))

    for account, region in ((HOME, REPLICA), (PARTNER, REGION)):
        ecr = client("ecr", region, account)
        [image] = ecr.describe_images(repositoryName="payments/worker")["imageDetails"]
        assert (image["imageDigest"], image["imageTags"]) == (digest, ["v1"])


def test_caches_have_rules_and_templates(client: Client, deploy: Deploy) -> None:
    """Each cache exists with its upstream, its secret and the template of its prefix."""
    deploy("pull_through_cache")
    ecr = client("ecr")

    rules = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    upstreams = {rule["ecrRepositoryPrefix"]: rule["upstreamRegistryUrl"] for rule in rules}
    assert upstreams == {"docker-hub": "registry-1.docker.io", "quay": "quay.io"}
    [secret] = [rule["credentialArn"] for rule in rules if "credentialArn" in rule]
    # The embedded AWS refers to a secret by its name, AWS by its ARN.
    assert "ecr-pullthroughcache/docker-hub" in secret
    prefixes = _templates(ecr)
    assert {"docker-hub", "quay"} <= set(prefixes)
    assert prefixes["quay"]["appliedFor"] == ["PULL_THROUGH_CACHE"]


def test_a_push_creates_what_its_template_says(
    aws: LocalAws, client: Client, deploy: Deploy
) -> None:
    """A repository that a push brings into being has the template's settings."""
    deploy("creation_template")
    ecr = client("ecr", REPLICA)
    aws.registry(HOME, REPLICA).push("sandbox/tryout:latest", images.image("b"))

    [created] = ecr.describe_repositories(repositoryNames=["sandbox/tryout"])["repositories"]
    assert created["imageTagMutability"] == "MUTABLE"
    assert "imageCountMoreThan" in str(ecr.get_lifecycle_policy(repositoryName="sandbox/tryout"))
    assert _templates(ecr)["payments"]["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_a_public_repository_has_its_catalogue(client: Client, deploy: Deploy) -> None:
    """The gallery shows what the template says."""
    deploy("public_repository")
    public = client("ecr-public", "us-east-1")

    [repository] = public.describe_repositories()["repositories"]
    answer = public.get_repository_catalog_data(repositoryName=repository["repositoryName"])
    assert answer["catalogData"]["description"]


def test_ci_has_roles_and_providers(client: Client, deploy: Deploy) -> None:
    """IAM has each provider once, and roles that trust it for their project alone."""
    deploy("ci_push")
    iam = client("iam")

    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = {provider["Arn"].rpartition("/")[2]: provider["Arn"] for provider in listed}
    assert {"token.actions.githubusercontent.com", "gitlab.com"} <= arns.keys()
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arns["gitlab.com"])
    assert ["https://gitlab.com"] == provider["ClientIDList"]

    [name] = [
        output["OutputValue"].rpartition("/")[2]
        for stack in client("cloudformation").describe_stacks()["Stacks"]
        for output in stack.get("Outputs", ())
        if output["OutputKey"] == "WebPushRole"
    ]
    [trust] = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert arns["gitlab.com"] == trust["Principal"]["Federated"]
    subject = trust["Condition"]["StringEquals"]["gitlab.com:sub"]
    assert "project_path:acme/orders/web:ref_type:branch:ref:main" == subject
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    assert [f"arn:aws:ecr:{REGION}:{HOME}:repository/orders/web", "*"] == [
        statement["Resource"] for statement in document["Statement"]
    ]


def test_other_libraries_have_our_defaults(client: Client, deploy: Deploy) -> None:
    """An L2, one in a nested stack and a third-party L1 have our settings."""
    deploy("defaults")
    ecr = client("ecr")

    repositories = [
        repository
        for repository in ecr.describe_repositories()["repositories"]
        if repository["repositoryName"].startswith(("shop", "legacy"))
    ]
    assert len(repositories) == 3
    for repository in repositories:
        assert repository["imageTagMutability"].startswith("IMMUTABLE")
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        policy = ecr.get_lifecycle_policy(repositoryName=repository["repositoryName"])
        assert '"untagged"' in policy["lifecyclePolicyText"]


@pytest.fixture(scope="module")
def alerts(deploy: Deploy) -> None:
    """The example of alerts, deployed."""
    deploy("alerts")


@pytest.mark.usefixtures("alerts")
def test_a_release_is_sent_to_a_queue(aws: LocalAws, client: Client) -> None:
    """The push of a release arrives in another stack's queue; that of a build does not."""
    registry = aws.registry(HOME, REGION)
    registry.push("storefront/web:build-7", images.image("c"))
    digest = registry.push("storefront/web:v2", images.image("d"))

    sqs = client("sqs")
    [url] = [queue for queue in sqs.list_queues()["QueueUrls"] if "Releases" in queue]
    [message] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    detail = json.loads(message["Body"])["detail"]
    assert (detail["image-tag"], detail["image-digest"]) == ("v2", digest)


@pytest.mark.usefixtures("alerts")
def test_a_grave_finding_would_be_sent(client: Client) -> None:
    """The deployed rule selects it, and transforms it into a message for the topic."""
    bridge = client("events")
    finding = changed("inspector-finding", "detail", "severity", to="HIGH")
    finding["detail"]["awsAccountId"] = HOME
    messages = []
    for rule in bridge.list_rules()["Rules"]:
        text = json.dumps(finding)
        if bridge.test_event_pattern(EventPattern=rule["EventPattern"], Event=text)["Result"]:
            [target] = bridge.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            transformer = target["InputTransformer"]
            lines = transformed(transformer["InputPathsMap"], transformer["InputTemplate"], finding)
            messages.append((target["Arn"], lines[0]))

    [(topic, line)] = messages
    assert line == "HIGH in amazon/amazon-ecs-sample: CVE-2019-17498 - libssh2"
    sns = client("sns")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "security@example.com"


@pytest.mark.usefixtures("alerts")
def test_a_message_arrives(client: Client) -> None:
    """What is made of a basic scan reaches a subscriber of the topic, line by line.

    Events of AWS cannot be sent, so a rule for custom events is used instead, with the
    same target.
    """
    bridge, sns, sqs = client("events"), client("sns"), client("sqs")
    rules = bridge.list_rules()["Rules"]
    [scans] = [rule["Name"] for rule in rules if "ECR Image Scan" in rule["EventPattern"]]
    [target] = bridge.list_targets_by_rule(Rule=scans)["Targets"]
    url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    sns.subscribe(
        TopicArn=target["Arn"],
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{HOME}:subscriber",
        Attributes={"RawMessageDelivery": "true"},
    )
    bridge.put_rule(Name="stand-in", EventPattern='{"source": ["acme.test"]}')
    bridge.put_targets(Rule="stand-in", Targets=[target])
    scan = EVENTS["scan-completed"]
    detail = {"DetailType": scan["detail-type"], "Detail": json.dumps(scan["detail"])}
    assert bridge.put_events(Entries=[{"Source": "acme.test", **detail}])["FailedEntryCount"] == 0

    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    transformer = target["InputTransformer"]
    event = {**scan, "account": HOME, "region": REGION}
    expected = transformed(transformer["InputPathsMap"], transformer["InputTemplate"], event)
    assert [line.strip('"') for line in message["Body"].splitlines()] == expected
    assert expected[0].startswith("Found in my-repository-name, HIGH or above: {CRITICAL: 10")


def test_images_are_pulled_privately(client: Client, deploy: Deploy) -> None:
    """The VPC has three endpoints; S3's is in the route table of each subnet."""
    deploy("private_pulls")
    ec2 = client("ec2", account=PARTNER)
    listed = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    endpoints = {endpoint["ServiceName"]: endpoint for endpoint in listed}

    services = [f"com.amazonaws.{REGION}.{name}" for name in ("ecr.api", "ecr.dkr", "s3")]
    assert services == sorted(endpoints)
    assert 2 == len(endpoints[services[-1]]["RouteTableIds"])


def _templates(ecr: Any) -> dict[str, dict[str, Any]]:
    templates = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    return {template["prefix"].rstrip("/"): template for template in templates}


def test_every_example_is_deployed() -> None:
    """A new example is deployed here, or says why not."""
    assert set(EXAMPLES) == DEPLOYED | NOT_DEPLOYED | {*WORKLOADS}
