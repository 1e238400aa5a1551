"""Uses of the library that mypy and pyright must accept; nothing runs this file."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_signer as signer
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from ecr_constructs import (
    AccountSettings,
    CiProvider,
    CiPushRole,
    EcrChecks,
    Encryption,
    EncryptWithKey,
    ExpireUntagged,
    GitHubActions,
    LifecyclePolicy,
    LifecycleRule,
    MakeTagsImmutable,
    PublicRepository,
    PullThroughCache,
    PullThroughCredential,
    Registry,
    RegistryAuditRole,
    RegistryEndpoints,
    RegistryKey,
    Repository,
    RepositoryCreationTemplate,
    RepositoryDefaults,
    Retain,
    Retention,
    ScanAlerts,
    ScanOnPush,
    TagMutability,
    Upstream,
    UsageAlarms,
)

app = cdk.App(property_injectors=[RepositoryDefaults(expire_untagged_after_days=None)])
stack = cdk.Stack(app, "Stack")
accounts: list[str] | None = None
role = iam.Role.from_role_name(stack, "Role", "ci")
key = kms.Key(stack, "Key")
l1_key = kms.CfnKey(stack, "L1Key", key_policy={})
topic = sns.Topic(stack, "Topic")
vpc = ec2.Vpc(stack, "Vpc")

# None is the default of each optional keyword.
repository = Repository(
    scope=stack,
    id="Repository",
    repository_name=None,
    tag_mutability=TagMutability.immutable(except_for=["latest"]),
    encryption=Encryption.customer_managed(key),
    lifecycle=LifecyclePolicy(
        LifecycleRule.expire_untagged(after_days=cdk.Duration.days(7)),
        LifecycleRule(tag_status="any", count_type="imageCountMoreThan", count_number=9),
    ),
    scan_on_push=None,
    pull_accounts=accounts,
    push_principals=("arn:aws:iam::111122223333:role/push",),
    policy_statements=None,
    tags=None,
    removal_policy=None,
)
repository.grant_pull(role)
repository.grant_pull_push(iam.AccountPrincipal("444455556666"))
repository.grant(iam.OrganizationPrincipal("o-abcdefghij"), "ecr:BatchGetImage")
repository.grant_pull_to_lambda(functions=None)
repository.add_lifecycle_rule(max_image_count=5)
repository.add_lifecycle_rule(LifecycleRule.keep_last(10, tag_patterns=None))
repository.on_image_pushed("Pushed", tags=["v*"], target=targets.SqsQueue(sqs.Queue(stack, "Q")))
imported: ecr.IRepository = Repository.from_repository_name(
    stack, id="Imported", repository_name="payments/api"
)

for encryption in (
    Encryption.customer_managed(l1_key),
    Encryption.customer_managed(kms.Key.from_key_arn(stack, "Far", "arn:aws:kms:…")),
    Encryption.dual_layer(),
):
    Repository(stack, f"Encrypted {encryption}", encryption=encryption)
for mixin in (
    EncryptWithKey(key),
    EncryptWithKey(l1_key, only_if_unset=None),
    ExpireUntagged(after_days=14),
    MakeTagsImmutable(except_for=None),
    Retain(),
    ScanOnPush(),
):
    cdk.Mixins.of(app).apply(mixin)

alerts = ScanAlerts(stack, "Alerts", severity="CRITICAL", topic=topic)
ScanAlerts(stack, "L1Alerts", emails=accounts, topic=sns.CfnTopic(stack, "L1Topic"))
UsageAlarms(stack, "Alarms", topic=alerts.topic, percent=None)

registry = Registry(stack, "Registry")
registry.replicate(to_regions=["eu-west-1"], to_accounts={"444455556666": ["eu-west-1"]})
registry.scan_enhanced(continuous=["*"])
registry.sign(signer.CfnSigningProfile(stack, "L1Profile", platform_id="P"))
registry.sign("arn:aws:signer:eu-central-1:111122223333:/signing-profiles/release")
registry.exclude_from_pull_time("Scanner", role)
registry.exclude_from_pull_time("L1", iam.CfnRole(stack, "L1R", assume_role_policy_document={}))
registry.grant_pull(role, prefix="payments/")

RegistryKey(stack, "RegistryKey", alias="alias/ecr", administrators=[role])
RepositoryCreationTemplate(
    stack, "Template", prefix="payments", applied_for=["REPLICATION", "CREATE_ON_PUSH"], role=role
)
credential = PullThroughCredential(stack, "Credential", name="docker-hub", username="acme")
PullThroughCache(stack, "Hub", upstream=Upstream.docker_hub(credential))
PullThroughCache(stack, "L1", upstream=Upstream.github(secretsmanager.CfnSecret(stack, "L1Secret")))
PullThroughCache(
    stack,
    "Ecr",
    upstream=Upstream.ecr(account="444455556666", region="eu-west-1", role=role),
    lifecycle=Retention.production(protect_tags=None),
)
PublicRepository(stack, "Public", architectures=["ARM 64"], removal_policy=None)
AccountSettings(stack, "Settings", basic_scan_version="AWS_NATIVE", registry_policy_scope="V2")
github = GitHubActions(repository="acme/payments", branches=["main"])
provider = CiProvider(stack, "GitHub", issuer=github.issuer)
CiPushRole(stack, "Push", ci=github, repositories=[repository, imported], provider=provider)

# CDK's keyword.
AccountSettings(scope=stack, id="IdA", basic_scan_version=None)
CiProvider(scope=stack, id="IdB", issuer=github.issuer, audiences=None)
CiPushRole(scope=stack, id="IdC", ci=github, repositories=[repository], session_hours=None)
PublicRepository(scope=stack, id="IdD")
PullThroughCache(scope=stack, id="IdE", upstream=Upstream.quay())
PullThroughCredential(scope=stack, id="IdF", name="a", username="b")
Registry(scope=stack, id="IdG").on_replicated("Replicated", prefixes=None, target=None)
RegistryEndpoints(scope=stack, id="IdH", vpc=vpc)
RegistryKey(scope=stack, id="IdI", alias="alias/i", access=None)
RepositoryCreationTemplate(scope=stack, id="IdJ", prefix="a", applied_for=["REPLICATION"])
ScanAlerts(scope=stack, id="IdK", severity=None)
UsageAlarms(scope=stack, id="IdL", topic=topic)
cdk.Validations.of(app).add_plugins(EcrChecks(fail_on="warning"))
RegistryAuditRole(stack, "Audit", accounts=["111122223333"], external_id="registry-audit")
