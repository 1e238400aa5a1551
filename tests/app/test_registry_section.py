"""The registry section and AWS's own terms: what is refused when the file is read, and where."""

from pathlib import Path

import pytest

from ecr_constructs.environment.loading import load_environment, load_environments
from tests.app.conftest import problems

HEAD = """\
account: "111122223333"
region: eu-central-1
profile: production
organization: o-a1b2c3d4e5
replica_regions: [eu-west-1]
teams:
  payments:
    repositories:
      - payments/api
"""
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
ELSEWHERE = SECRET.replace("eu-central", "us-east")
FOREIGN_KEY = KEY.replace("eu-central", "us-east")
TOPIC = "arn:aws:sns:eu-central-1:111122223333:a"
QUEUE = "arn:aws:sqs:eu-central-1:111122223333:a"
SUBNET = "{id: subnet-0aaaaaaa, availability_zone: eu-central-1a, route_table: rtb-0aaaaaaa}"
OTHER_ZONE = SUBNET.replace("central", "west")
ACCOUNTS = ", ".join(f"'{number:012}'" for number in range(300))
LONG = ", ".join(f"team-{number:03}-repositories/" for number in range(160))

# What is below `registry:`, and the problem as ``key: code``.
SECTION = {
    # Scanning
    "scanning: {type: fast}": "scanning.type: value-unknown",
    "scanning: {on_push: ['*']}": "scanning.type: key-missing",
    "scanning: {type: basic, continuous: ['*']}": "scanning.continuous: key-unknown",
    "scanning: {type: basic, on_push: []}": "scanning.on_push: scanning-filters-missing",
    "scanning: {type: enhanced, on_push: [Payments]}": (
        "scanning.on_push[0]: scanning-filter-format"
    ),
    "scanning: {type: enhanced, on_push: [a], continuous: [a]}": (
        "scanning: scanning-filter-frequency"
    ),
    "scanning: enhanced": "scanning: not-mapping",
    # Caches
    "pull_through_caches: [{upstream: dockerhub}]": (
        "pull_through_caches[0].upstream: value-unknown"
    ),
    "pull_through_caches: [{repository_prefix: a}]": (
        "pull_through_caches[0].upstream: key-missing"
    ),
    "pull_through_caches: [{upstream: docker_hub}]": (
        "pull_through_caches[0].credential: key-missing"
    ),
    f"pull_through_caches: [{{upstream: quay, credential: '{SECRET}'}}]": (
        "pull_through_caches[0].credential: key-unknown"
    ),
    "pull_through_caches: [{upstream: github, credential: 5}]": (
        "pull_through_caches[0].credential: value-kind"
    ),
    "pull_through_caches: [{upstream: github, credential: token}]": (
        "pull_through_caches[0].credential: credential-format"
    ),
    f"pull_through_caches: [{{upstream: github, credential: '{ELSEWHERE}'}}]": (
        "pull_through_caches[0].credential: credential-region"
    ),
    "pull_through_caches: [{upstream: github, credential: {name: 'a b', username: a}}]": (
        "pull_through_caches[0].credential.name: secret-name-characters"
    ),
    "pull_through_caches: [{upstream: github, credential: {name: a, username: ''}}]": (
        "pull_through_caches[0].credential.username: text-too-short"
    ),
    f"pull_through_caches: [{{upstream: azure, registry_url: a.com, credential: '{SECRET}'}}]": (
        "pull_through_caches[0]: azure-registry-format"
    ),
    "pull_through_caches: [{upstream: ecr, account: '111122223333', region: eu-central-1}]": (
        "pull_through_caches[0].account: upstream-is-cache"
    ),
    "pull_through_caches: [{upstream: ecr, account: '444455556666', region: eu-centrall-1}]": (
        "pull_through_caches[0].region: upstream-region"
    ),
    "pull_through_caches: [{upstream: ecr, account: '444455556666', region: eu-west-1, role: a}]": (
        "pull_through_caches[0].role: role-arn-format"
    ),
    "pull_through_caches: [{upstream: quay, template_role: a}]": (
        "pull_through_caches[0].template_role: role-arn-format"
    ),
    "pull_through_caches: [{upstream: quay, repository_prefix: Quay}]": (
        "pull_through_caches[0].repository_prefix: namespace-format"
    ),
    "pull_through_caches: [{upstream: quay, lifecycle: [{expire_untagged: {after_days: 1}}]}]": (
        "pull_through_caches[0].lifecycle: template-cache-lifecycle"
    ),
    "pull_through_caches: [{upstream: quay, encryption: {key: 'alias/a'}}]": (
        "pull_through_caches[0].encryption.key: encryption-key-is-alias"
    ),
    f"pull_through_caches: [{{upstream: quay, encryption: {{key: '{FOREIGN_KEY}'}}}}]": (
        "pull_through_caches[0].encryption.key: encryption-key-region"
    ),
    "pull_through_caches: [{upstream: quay, repository_prefix: a}]": (
        "pull_through_caches[0].repository_prefix: namespace-length"
    ),
    "pull_through_caches: [{upstream: quay, policy_statements: [{Effect: Allow, Principal: '*', "
    "Action: 'ecr:BatchGetImage'}]}]": (
        "pull_through_caches[0].policy_statements[0].Principal: ECR206"
    ),
    "pull_through_caches: [{upstream: quay}, {upstream: quay}]": (
        "pull_through_caches[1]: creation-template-duplicate"
    ),
    "pull_through_caches: [{upstream: quay, import_accounts: ['444455556666'], "
    "repository_prefix: ROOT}]": "pull_through_caches[0].import_accounts: import-into-root",
    # Creation templates
    "creation_templates: [{prefix: a, applied_for: [push]}]": (
        "creation_templates[0].applied_for[0]: value-unknown"
    ),
    "creation_templates: [{prefix: a, applied_for: []}]": (
        "creation_templates[0].applied_for: too-few"
    ),
    "creation_templates: [{prefix: A, applied_for: [replication]}]": (
        "creation_templates[0].prefix: namespace-format"
    ),
    "creation_templates: [{prefix: a, applied_for: [replication], role: b}]": (
        "creation_templates[0].role: role-arn-format"
    ),
    "creation_templates: [{prefix: a, applied_for: [replication, pull_through_cache]}]": (
        "creation_templates[0].lifecycle: template-cache-lifecycle"
    ),
    "creation_templates: [{prefix: a, applied_for: [replication], encryption: dual_layer}]": (
        "creation_templates[0].encryption: encryption-type-region"
    ),
    f"creation_templates: [{{prefix: a, applied_for: [replication], description: {'a' * 257}}}]": (
        "creation_templates[0].description: template-description-length"
    ),
    "creation_templates: [{prefix: quay, applied_for: [replication]}]\n"
    "  pull_through_caches: [{upstream: quay}]": (
        "creation_templates[0]: creation-template-duplicate"
    ),
    "replica: {creation_templates: [{prefix: payments, applied_for: [create_on_push]}]}": (
        "replica.creation_templates[0].applied_for: template-without-replication"
    ),
    # Policy
    "policy: {create_on_push: [{accounts: ['444455556666'], prefixes: []}]}": (
        "policy.create_on_push[0].prefixes: too-few"
    ),
    "policy: {create_on_push: [{accounts: [a], prefixes: [aa/]}]}": (
        "policy.create_on_push[0].accounts[0]: account-id-format"
    ),
    "policy: {replication_from: [{accounts: ['444455556666'], prefixes: ['a*']}]}": (
        "policy.replication_from[0].prefixes[0]: prefix-is-pattern"
    ),
    f"policy: {{create_on_push: [{{accounts: ['444455556666'], prefixes: [{LONG}]}}]}}": (
        "policy: registry-policy-length"
    ),
    "policy: {statements: [{Effect: Permit, Principal: '*', Action: 'ecr:*', Resource: '*'}]}": (
        "policy.statements[0].Effect: value-unknown"
    ),
    "policy: {statements: [{effect: Allow, Effect: Deny, Principal: '*', Action: 'ecr:*', "
    "Resource: '*'}]}": "policy.statements[0].effect: key-unknown",
    "policy: {statements: [{Effect: Deny, Principal: '*', Action: 'ecr:*'}]}": (
        "policy.statements[0]: statement-not-one-resource"
    ),
    "policy: {statements: [{Effect: Deny, Principal: '*', NotPrincipal: '*', Action: 'ecr:*', "
    "Resource: '*'}]}": "policy.statements[0]: statement-not-one-principal",
    "policy: {statements: [{Effect: Deny, Principal: {Aws: a}, Action: 'ecr:*', Resource: '*'}]}": (
        "policy.statements[0].Principal.Aws: value-unknown"
    ),
    "policy: {statements: [{Effect: Deny, Principal: '*', Action: 'ecr:PullImage', "
    "Resource: '*'}]}": "policy.statements[0].Action: ECR204",
    "policy: {statements: [{Effect: Deny, Principal: '*', Action: 5, Resource: '*'}]}": (
        "policy.statements[0].Action: value-kind"
    ),
    # Signing, exclusions, account settings
    "signing: [{profile: payments}]": "signing[0].profile: signing-profile-format",
    "signing: [{profile: 'arn:aws:signer:us-east-1:111122223333:/signing-profiles/aa'}]": (
        "signing[0].profile: signing-profile-region"
    ),
    "signing: [{profile: 'arn:aws:signer:eu-central-1:111122223333:/signing-profiles/aa', "
    "filters: [A]}]": "signing[0].filters[0]: signing-filter-format",
    "pull_time_exclusions: [Scanner]": "pull_time_exclusions[0]: pull-time-exclusion-format",
    "pull_time_exclusions: ['arn:aws:iam::111122223333:role/a', "
    "'arn:aws:iam::111122223333:role/a']": "pull_time_exclusions[1]: pull-time-exclusion-duplicate",
    "account_settings: {}": "account_settings: account-settings-missing",
    "account_settings: {basic_scan_version: CLAIR}": (
        "account_settings.basic_scan_version: value-unknown"
    ),
    # Alarms
    "alarms: {usage: {}}": "alarms: alarms-topic-missing",
    f"alarms: {{topic: '{TOPIC}', pulls: []}}": "alarms: alarms-empty",
    "alarms: {usage: {}, topic: platform}": "alarms.topic: text-format",
    f"alarms: {{usage: {{}}, topic: '{TOPIC.replace('eu-c', 'us-c')}'}}": (
        "alarms.topic: event-target-region"
    ),
    f"alarms: {{topic: '{TOPIC}', usage: {{percent: 0}}}}": (
        "alarms.usage.percent: number-too-small"
    ),
    f"alarms: {{topic: '{TOPIC}', usage: {{percent: many}}}}": "alarms.usage.percent: not-number",
    f"alarms: {{topic: '{TOPIC}', pulls: [{{repositories: [a/b]}}]}}": (
        "alarms.pulls[0].more_than: pull-alarms-threshold-missing"
    ),
    f"alarms: {{topic: '{TOPIC}', pulls: [{{repositories: [a/b], more_than: 1}}, "
    "{repositories: [a/b], fewer_than: 1}]}": (
        "alarms.pulls[1].repositories[0]: pull-alarms-repository-duplicate"
    ),
    # Events
    f"events: [{{event: image_pulled, target: '{QUEUE}'}}]": "events[0].event: value-unknown",
    "events: [{event: image_pushed, target: queue}]": "events[0].target: event-target-format",
    f"events: [{{event: image_pushed, target: '{QUEUE.replace('eu-c', 'us-c')}'}}]": (
        "events[0].target: event-target-region"
    ),
    f"events: [{{event: image_pushed, target: '{QUEUE.replace('1111', '4444')}'}}]": (
        "events[0].role: event-target-role-missing"
    ),
    f"events: [{{event: image_pushed, target: '{QUEUE}', tags: ['a b']}}]": (
        "events[0].tags[0]: event-tag-format"
    ),
    f"events: [{{event: image_archived, target: '{QUEUE}', tags: [a]}}]": (
        "events[0].tags: key-unknown"
    ),
    f"events: [{{event: finding, target: '{QUEUE}', severity: high}}]": (
        "events[0].severity: value-unknown"
    ),
    f"events: [{{event: replicated, target: '{QUEUE}', name: a}}, "
    f"{{event: image_pushed, target: '{QUEUE}', name: a}}]": "events[1]: event-duplicate",
    f"events: [{{event: replicated, target: '{QUEUE}'}}, "
    f"{{event: replicated, target: '{QUEUE}', failed: true}}]": "events[1]: event-duplicate",
    # Endpoints
    f"endpoints: [{{vpc: main, cidr: 10.0.0.0/16, subnets: [{SUBNET}]}}]": (
        "endpoints[0].vpc: text-format"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, subnets: [{SUBNET}]}}]": (
        "endpoints[0]: endpoint-not-one-security"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/33, subnets: [{SUBNET}]}}]": (
        "endpoints[0].cidr: endpoint-cidr-format"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{OTHER_ZONE}]}}]": (
        "endpoints[0].subnets[0].availability_zone: endpoint-availability-zone"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}, {SUBNET}]}}]": (
        "endpoints[0].subnets[1]: endpoint-availability-zone-duplicate"
    ),
    "endpoints: [{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, "
    "subnets: [{id: subnet-0aaaaaaa, availability_zone: eu-central-1a}]}]": (
        "endpoints[0].subnets[0]: endpoint-route-table-missing"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}], prefixes: [a]}}]": (
        "endpoints[0].prefixes[0]: prefix-length"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}], s3_endpoint: false, "
    "s3_statements: [{Effect: Allow, Principal: '*', Action: 's3:*', Resource: '*'}]}]": (
        "endpoints[0].s3_statements: statements-without-endpoint"
    ),
    f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}]}}, "
    f"{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}]}}]": (
        "endpoints[1]: endpoint-duplicate"
    ),
    # Public repositories
    "public_repositories: [{name: Acme}]": (
        "public_repositories[0].name: public-repository-name-format"
    ),
    f"public_repositories: [{{name: acme, description: {'a' * 1025}}}]": (
        "public_repositories[0].description: catalog-text-length"
    ),
    "public_repositories: [{name: acme}, {name: acme}]": (
        "public_repositories[1]: public-repository-duplicate"
    ),
    # Replicas
    "replicas: {eu-west-2: {}}": "replicas.eu-west-2: replica-unknown",
    "replicas: {eu-west-1: {scannig: {type: basic}}}": "replicas.eu-west-1.scannig: key-unknown",
    "replica: {public_repositories: []}": "replica.public_repositories: key-unknown",
    "replicas: {eu-west-1: {scanning: {type: slow}}}": (
        "replicas.eu-west-1.scanning.type: value-unknown"
    ),
    "acknowledge: {noSuchWarning: Fine.}": (
        "acknowledge.noSuchWarning: acknowledgment-rule-unknown"
    ),
}

# Settings of a repository, and the problem as ``key: code``.
SETTINGS = {
    "encryption: {key: 'arn:aws:kms:eu-central-1:1:key/a'}": (
        "encryption.key: encryption-key-format"
    ),
    "encryption: {}": "encryption.key: key-missing",
    "encryption: 5": "encryption: value-kind",
    f"encryption: {{key: '{FOREIGN_KEY}'}}": ("encryption.key: encryption-key-region"),
    f"encryption: {{key: '{KEY}', replica_keys: {{eu-west-1: '{KEY}'}}}}": (
        "encryption.replica_keys.eu-west-1: encryption-key-region"
    ),
    f"encryption: {{key: '{KEY}', replica_keys: {{eu-west-3: '{KEY}'}}}}": (
        "encryption.replica_keys.eu-west-3: replica-unknown"
    ),
    f"encryption: {{key: '{KEY}', dual_layer: true}}": (
        "encryption.dual_layer: encryption-type-region"
    ),
    "lifecycle: {rules: [{rulePriority: 1, action: {type: expire}}]}": (
        "lifecycle.rules[0].selection: key-missing"
    ),
    "lifecycle: {rules: 5}": "lifecycle.rules: not-list",
    "admit_lambda: {functions: ['a b']}": "admit_lambda.functions[0]: source-name-format",
    "admit_lambda: {accounts: [a]}": "admit_lambda.accounts[0]: account-id-format",
    "admit_lambda: all": "admit_lambda: value-kind",
    "extra_tags: ignore": "extra_tags: value-unknown",
    "pull_organizational_units: [ou-1]": (
        "pull_organizational_units[0]: organizational-unit-format"
    ),
    f"pull_accounts: [{ACCOUNTS}]": "pull_accounts: repository-policy-length",
    "policy_statements: [{Effect: Allow, Principal: '*'}]": (
        "policy_statements[0]: statement-not-one-action"
    ),
    "policy_statements: [{Effect: Allow, Principal: {AWS: '444455556666'}, "
    "Action: 'ecr:BatchGetImage', Resource: '*'}]": "policy_statements[0].Resource: key-unknown",
    "policy_statements: [{Effect: Allow, Principal: '*', Action: 'ecr:BatchGetImage'}]": (
        "policy_statements[0].Principal: ECR206"
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [(f"{HEAD}registry:\n  {text}\n", f"registry.{expected}") for text, expected in SECTION.items()]
    + [
        (
            HEAD.replace("- payments/api", f"- name: payments/api\n        {text}"),
            f"teams.payments.repositories[0].{expected}",
        )
        for text, expected in SETTINGS.items()
    ],
    ids=[*SECTION, *SETTINGS],
)
def test_a_problem_has_a_key_and_a_code(text: str, expected: str, tmp_path: Path) -> None:
    """One problem of the file is one diagnostic, at the key that is to be changed."""
    path = tmp_path / "prod.yaml"
    path.write_text(text, encoding="utf-8")
    assert [expected] == [item.partition(": ")[2] for item in problems(load_environment, path)]


def test_what_is_acknowledged_is_no_problem(tmp_path: Path) -> None:
    """A repository that everyone may pull is meant to be one, for a reason."""
    path = tmp_path / "prod.yaml"
    is_open = "policy_statements: [{Effect: Allow, Principal: '*', Action: 'ecr:BatchGetImage'}]"
    reason = "acknowledge: {ECR206: What it holds is published anyway.}"
    entry = f"- name: payments/api\n        {is_open}\n        {reason}"
    path.write_text(HEAD.replace("- payments/api", entry), encoding="utf-8")

    [repository] = load_environment(path).repositories
    assert ["*"] == [item["Principal"] for item in repository.settings.policy_statements]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("replica: {}", "registry.replica: replica-missing"),
        ("replicas: {eu-west-1: {}}", "registry.replicas.eu-west-1: replica-unknown"),
    ],
)
def test_without_replicas_there_are_no_settings_of_them(
    content: str, expected: str, tmp_path: Path
) -> None:
    """They would have no effect."""
    path = tmp_path / "prod.yaml"
    head = HEAD.replace("replica_regions: [eu-west-1]\n", "")
    path.write_text(f"{head}registry:\n  {content}\n", encoding="utf-8")
    assert [expected] == [item.partition(": ")[2] for item in problems(load_environment, path)]


def test_public_repositories_are_of_one_partition(tmp_path: Path) -> None:
    """Amazon ECR Public does not exist in China."""
    path = tmp_path / "prod.yaml"
    head = HEAD.replace("eu-central-1", "cn-north-1").replace("eu-west-1", "cn-northwest-1")
    path.write_text(f"{head}registry: {{public_repositories: [{{name: acme}}]}}\n", "utf-8")

    expected = "registry.public_repositories: public-repository-region"
    assert [expected] == [item.partition(": ")[2] for item in problems(load_environment, path)]


@pytest.mark.parametrize("name", ["settings", "alarms", "events", "endpoints", "public"])
def test_a_team_may_have_the_name_of_a_stack_that_there_is_not(name: str, tmp_path: Path) -> None:
    """Only with the stack the two would have the same name."""
    path = tmp_path / "prod.yaml"
    text = HEAD.replace("  payments:", f"  {name}:")
    path.write_text(text, encoding="utf-8")
    assert [name] == [*load_environment(path).teams]

    section = {
        "settings": "account_settings: {blob_mounting: true}",
        "alarms": f"alarms: {{topic: '{TOPIC}', usage: {{}}}}",
        "events": f"events: [{{event: image_deleted, target: '{QUEUE}'}}]",
        "endpoints": f"endpoints: [{{vpc: vpc-0aaaaaaa, cidr: 10.0.0.0/16, subnets: [{SUBNET}]}}]",
        "public": "public_repositories: [{name: acme}]",
    }[name]
    path.write_text(f"{text}registry: {{{section}}}\n", encoding="utf-8")
    expected = f"teams.{name}: team-name-reserved"
    assert [expected] == [item.partition(": ")[2] for item in problems(load_environment, path)]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("scanning: {type: basic}", "registry: registry-shared"),
        (
            "account_settings: {blob_mounting: true}",
            "registry.account_settings: account-settings-shared",
        ),
        (f"alarms: {{topic: '{TOPIC}', usage: {{}}}}", "registry.alarms: alarms-shared"),
        (
            "public_repositories: [{name: acme}]",
            "registry.public_repositories[0]: public-repository-shared",
        ),
    ],
)
def test_two_files_do_not_configure_one_registry(
    section: str, expected: str, tmp_path: Path
) -> None:
    """The later deployment would overwrite the earlier."""
    head = HEAD.replace("replica_regions: [eu-west-1]\n", "")
    for name, repository in (("one", "payments/api"), ("two", "payments/web")):
        text = f"{head.replace('payments/api', repository)}registry: {{{section}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")

    listed = problems(load_environments, tmp_path)
    assert [f"two.yaml: 9: {expected}"] == listed
