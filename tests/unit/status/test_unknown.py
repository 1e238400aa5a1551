"""What a template does not tell before the deployment, and what is read only partly."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs.checks import Template
from ecr_constructs.checks.config import Config
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.snapshot.document import Record
from ecr_constructs.status.engine import status
from tests.support.snapshots import (
    ACCOUNT,
    LIFECYCLE,
    REGION,
    answered,
    registry,
    repository,
    snapshot,
)
from tests.support.status_examples import (
    API,
    LIVE,
    PULL,
    RESOURCES,
    allow,
    changed,
    compared,
    deployed,
    differing,
    live,
    of,
    physical_ids,
    resource,
    stacks,
    template,
    unknown,
)

NAME = "payments/api"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
KEY_ID = KEY.rpartition("/")[2]
KMS = {"encryptionType": "KMS", "kmsKey": KEY}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"Path": "/ci/"}}
USER = {"Type": "AWS::IAM::User", "Properties": {}}
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {}}
OWN_KEY = {"Type": "AWS::KMS::Key", "Properties": {}}
SECRET = {
    "Type": "AWS::SecretsManager::Secret",
    "Properties": {"Name": "ecr-pullthroughcache/hub"},
}
IAM = f"arn:aws:iam::{ACCOUNT}"


UNNAMED = {"Type": "AWS::ECR::Repository", "Properties": {}}


def described(manager: str) -> Record:
    """Return the answer that says who manages the key."""
    output = {"KeyMetadata": {"KeyId": KEY_ID, "KeyManager": manager}}
    return answered("DescribeKey", {"KeyId": KEY}, output, service="kms")


def attribute(name: str, of_: str = "Arn") -> dict[str, Any]:
    """Return a reference."""
    return {"Fn::GetAtt": [name, of_]}


def with_key(key: Any, **more: Any) -> dict[str, Any]:
    """Return resources whose repository has a key."""
    encryption = {"EncryptionType": "KMS", **({} if key is None else {"KmsKey": key})}
    return {**changed(EncryptionConfiguration=encryption), **more}


def with_principal(principal: Any, **more: Any) -> dict[str, Any]:
    """Return resources whose repository lets a principal pull."""
    [statement] = PULL["Statement"]
    statement = {**statement, "Principal": {"AWS": principal}}
    return {**changed(RepositoryPolicyText={**PULL, "Statement": [statement]}), **more}


def pulled_by(principal: Any) -> dict[str, Any]:
    """Return the live policy that lets a principal pull."""
    [statement] = PULL["Statement"]
    return {"policy": {**PULL, "Statement": [{**statement, "Principal": {"AWS": principal}}]}}


ENCRYPTED = {"encryptionConfiguration": KMS}
POLICY, ENCRYPTION = (NAME, "repository-policy"), (NAME, "encryption")
Case = tuple[Mapping[str, Any], Mapping[str, Any], Sequence[Record], set[Any], set[Any]]
CASES: Mapping[str, Case] = {
    "key by ARN": (with_key(KEY), ENCRYPTED, [], set(), set()),
    "key by ID": (with_key(KEY_ID), ENCRYPTED, [], set(), set()),
    "another key": (with_key(KEY_ID[:-1] + "6"), ENCRYPTED, [], {ENCRYPTION}, set()),
    "key by alias": (with_key("alias/images"), ENCRYPTED, [], set(), {ENCRYPTION}),
    "AWS's key": (with_key(None), ENCRYPTED, [], set(), {ENCRYPTION}),
    "AWS's key, unnamed": (
        with_key(None),
        {"encryptionConfiguration": {"encryptionType": "KMS"}},
        [],
        set(),
        set(),
    ),
    "no key": (with_key(KEY), {}, [], {ENCRYPTION}, set()),
    "two layers": (
        with_key(KEY),
        {"encryptionConfiguration": {**KMS, "encryptionType": "KMS_DSSE"}},
        [],
        {ENCRYPTION},
        set(),
    ),
    "key of the template": (
        with_key(attribute("Key"), Key=OWN_KEY),
        ENCRYPTED,
        [],
        set(),
        {ENCRYPTION},
    ),
    "deployed key": (
        with_key(attribute("Key"), Key=OWN_KEY),
        ENCRYPTED,
        [physical_ids(Key=KEY_ID)],
        set(),
        set(),
    ),
    "deployed key by ID": (
        with_key({"Fn::GetAtt": ["Key", "KeyId"]}, Key=OWN_KEY),
        ENCRYPTED,
        [physical_ids(Key=KEY_ID)],
        set(),
        set(),
    ),
    "AWS's key, described": (
        with_key(None),
        ENCRYPTED,
        [described("AWS")],
        set(),
        set(),
    ),
    "a key of somebody, described": (
        with_key(None),
        ENCRYPTED,
        [described("CUSTOMER")],
        {ENCRYPTION},
        set(),
    ),
    "deployed function": (
        with_principal(
            [attribute("Function"), attribute("Unnamed")], Function=FUNCTION, Unnamed=UNNAMED
        ),
        pulled_by(
            [
                f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/x1",
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
            ]
        ),
        [physical_ids(Function="f", Unnamed="x1")],
        {("x1", "existence")},
        set(),
    ),
    "another deployed key": (
        with_key(attribute("Key"), Key=OWN_KEY),
        ENCRYPTED,
        [physical_ids(Key="x")],
        {ENCRYPTION},
        set(),
    ),
    "odd key": (with_key({"x": "y"}), ENCRYPTED, [], {ENCRYPTION}, set()),
    "role of the template": (
        with_principal(attribute("Role"), Role=ROLE),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [],
        set(),
        {POLICY},
    ),
    "deployed role": (
        with_principal(attribute("Role"), Role=ROLE),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [physical_ids(Role="prod-Role-1")],
        set(),
        set(),
    ),
    "deployed user": (
        with_principal([attribute("User"), attribute("Role")], User=USER, Role=ROLE),
        pulled_by([f"{IAM}:role/ci/r", f"{IAM}:user/u"]),
        [physical_ids(User="u", Role="r")],
        set(),
        set(),
    ),
    "an ARN as the ID": (
        with_principal(attribute("User"), User=USER),
        pulled_by(f"{IAM}:user/u"),
        [physical_ids(User=f"{IAM}:user/u")],
        set(),
        set(),
    ),
    "a lifecycle policy that ECR rejects": (
        changed(LifecyclePolicy={"LifecyclePolicyText": "x" * 100}),
        {"lifecycle": "x" * 100},
        [],
        set(),
        set(),
    ),
    "another attribute": (
        with_principal(attribute("User", "Other"), User=USER),
        pulled_by("u"),
        [physical_ids(User="u")],
        set(),
        {POLICY},
    ),
    "a part is known": (
        with_principal({"Fn::Sub": "${Role.Arn}/x"}, Role=ROLE),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [],
        {POLICY},
        set(),
    ),
    "a part before": (
        with_principal({"Fn::Sub": "arn:x:${Role.Arn}"}, Role=ROLE),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [],
        {POLICY},
        set(),
    ),
    "a part between": (
        with_principal({"Fn::Sub": "${Role.Arn}:no:${User.Arn}"}, Role=ROLE, User=USER),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [],
        {POLICY},
        set(),
    ),
    "parts between": (
        with_principal({"Fn::Sub": "${Role.Arn}:role/${User.Arn}"}, Role=ROLE, User=USER),
        pulled_by(f"{IAM}:role/ci/prod-Role-1"),
        [],
        set(),
        {POLICY},
    ),
    "no policy live": (
        with_principal(attribute("Role"), Role=ROLE),
        {"policy": None},
        [],
        {POLICY},
        set(),
    ),
    "another statement": (
        with_principal(attribute("Role"), Role=ROLE),
        {"policy": allow("ecr:*")},
        [],
        {POLICY},
        set(),
    ),
    "the whole policy": (
        changed(RepositoryPolicyText={"Fn::ImportValue": "policy"}),
        {},
        [],
        set(),
        {POLICY},
    ),
    "a list of principals": (
        with_principal([attribute("Role"), f"{IAM}:role/x"], Role=ROLE),
        pulled_by([f"{IAM}:role/x", f"{IAM}:role/y", f"{IAM}:role/z"]),
        [],
        set(),
        {POLICY},
    ),
    "a list that lacks one": (
        with_principal([f"{IAM}:role/x", {"Fn::Sub": "b${Role.Arn}"}], Role=ROLE),
        pulled_by([f"{IAM}:role/x", f"{IAM}:role/y"]),
        [],
        {POLICY},
        set(),
    ),
    "a list without one": (
        with_principal([attribute("Role"), f"{IAM}:role/x"], Role=ROLE),
        pulled_by([f"{IAM}:role/y", f"{IAM}:role/z"]),
        [],
        set(),
        {POLICY},
    ),
    "lifecycle policy": (
        changed(LifecyclePolicy={"LifecyclePolicyText": {"Fn::ImportValue": "x"}}),
        {},
        [],
        set(),
        {(NAME, "lifecycle-policy")},
    ),
    "a part of a lifecycle policy": (
        changed(
            LifecyclePolicy={
                "LifecyclePolicyText": {
                    "Fn::Sub": json.dumps(LIFECYCLE).replace("14", "${AWS::StackId}")
                }
            }
        ),
        {"lifecycle": json.dumps(LIFECYCLE)},
        [],
        set(),
        {(NAME, "lifecycle-policy")},
    ),
    "another part of a lifecycle policy": (
        changed(
            LifecyclePolicy={
                "LifecyclePolicyText": {
                    "Fn::Sub": json.dumps(LIFECYCLE).replace("14", "${AWS::StackId}")
                }
            }
        ),
        {"lifecycle": json.dumps(LIFECYCLE).replace("untagged", "any")},
        [],
        {(NAME, "lifecycle-policy")},
        set(),
    ),
    "a lifecycle policy that is gone": (
        changed(LifecyclePolicy={"LifecyclePolicyText": {"Fn::ImportValue": "x"}}),
        {"lifecycle": None},
        [],
        {(NAME, "lifecycle-policy")},
        set(),
    ),
    "tags": (
        changed(Tags={"Fn::ImportValue": "tags"}),
        {},
        [],
        set(),
        {(NAME, "tags")},
    ),
    "a tag": (
        changed(Tags=[{"Key": "team", "Value": {"Ref": "AWS::StackId"}}]),
        {},
        [],
        set(),
        {(NAME, "tags")},
    ),
    "filters": (
        changed(
            ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            ImageTagMutabilityExclusionFilters={"Fn::ImportValue": "filters"},
        ),
        {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
        },
        [],
        set(),
        {(NAME, "tag-mutability")},
    ),
}


@pytest.mark.parametrize(
    ("resources", "api", "more", "different", "open_"), CASES.values(), ids=CASES
)
def test_values_that_a_template_does_not_tell(
    resources: Mapping[str, Any],
    api: Mapping[str, Any],
    more: Sequence[Record],
    different: set[tuple[str, str]],
    open_: set[tuple[str, str]],
) -> None:
    """They are different if the known parts are, and else not known; physical IDs tell them."""
    result = compared([*live(api=api), *more], resources=resources)
    assert (different, open_) == (differing(result), unknown(result))


@pytest.mark.parametrize(
    ("suffix", "more", "different", "open_"),
    [
        ("AbCdEf", [], set(), {("cache hub", "credential")}),
        ("AbCdEf", [physical_ids(Login=f"{LIVE['caches'][0]['credentialArn']}")], set(), set()),
        ("", [], {("cache hub", "credential")}, set()),
    ],
)
def test_a_secret_of_the_template(
    suffix: str, more: Sequence[Record], different: set[Any], open_: set[Any]
) -> None:
    """Secrets Manager appends six characters."""
    hub = {**RESOURCES["Hub"]["Properties"], "CredentialArn": {"Ref": "Login"}}
    resources = {
        **RESOURCES,
        "Login": SECRET,
        "Hub": resource("PullThroughCacheRule", **hub),
    }
    arn = LIVE["caches"][0]["credentialArn"][: -len("AbCdEf")] + suffix
    caches = [{**LIVE["caches"][0], "credentialArn": arn if suffix else f"x{arn}"}]
    result = compared([*live(caches=caches), *more], resources=resources)
    assert (different, open_) == (differing(result), unknown(result))


@pytest.mark.parametrize(
    ("declared", "lives", "open_"),
    [
        ({"UpstreamRegistry": "docker-hub"}, {"upstreamRegistry": "docker-hub"}, set()),
        ({"UpstreamRegistry": "docker-hub"}, {}, {("cache hub", "upstream")}),
        ({"UpstreamRegistryUrl": {"Ref": "AWS::StackId"}}, {}, {("cache hub", "upstream")}),
    ],
)
def test_the_upstream_of_a_cache(
    declared: Mapping[str, Any], lives: Mapping[str, Any], open_: set[Any]
) -> None:
    """A template names it by its URL or by ECR's name."""
    hub = {
        key: value
        for key, value in RESOURCES["Hub"]["Properties"].items()
        if not key.startswith("Upstream")
    }
    resources = {**RESOURCES, "Hub": resource("PullThroughCacheRule", **{**hub, **declared})}
    result = compared(live(caches=[{**LIVE["caches"][0], **lives}]), resources=resources)
    assert (set(), open_) == (differing(result), unknown(result))


CONDITION = {"Conditions": {"Prod": {"Fn::Equals": [{"Ref": "AWS::StackId"}, "x"]}}}


def conditional(name: str) -> Template:
    """Return the template, one resource of which a condition decides about."""
    resources = {**RESOURCES, name: {**RESOURCES[name], "Condition": "Prod"}}
    return Template(
        "prod.json", {**CONDITION, "Resources": resources}, ACCOUNT, REGION, stack_name="prod"
    )


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("Exclusion", {"exclusions": []}, "existence"),
        ("Policy", {"policy": None}, "registry-policy"),
    ],
)
def test_a_resource_that_may_not_be_created(
    name: str, changes: Mapping[str, Any], expected: str
) -> None:
    """If it is not live, it is not known whether it should be."""
    whole = compared(live(), templates=[conditional(name)])
    assert (set(), set()) == (differing(whole), unknown(whole))
    result = compared(live(**changes), templates=[conditional(name)])
    assert set() == differing(result)
    assert {expected} == {setting for _, setting in unknown(result)}


def test_a_repository_without_a_known_name() -> None:
    """Its physical ID tells the name; without, no other repository is undeclared for certain."""
    unnamed = {key: value for key, value in API["Properties"].items() if key != "RepositoryName"}
    resources = {**RESOURCES, "Api": resource("Repository", **unnamed)}
    result = compared(live(), resources=resources)
    assert set() == differing(result)
    assert {(NAME, "existence")} == unknown(result)
    assert any(item.operation == "ListStackResources" for item in result.not_known)
    named = compared([*live(), physical_ids(Api=NAME)], resources=resources)
    assert (set(), set()) == (differing(named), unknown(named))


def test_templates_that_are_not_read_completely() -> None:
    """A transform can add what is live and not declared: nothing is called undeclared."""
    body = {"Transform": "Macro", "Resources": {"Api": RESOURCES["Api"]}}
    result = compared(
        live(), templates=[Template("prod.json", body, ACCOUNT, REGION, stack_name="prod")]
    )
    assert not [
        item for item in result.settings if item.resource != "Api" and item.declared is False
    ]
    assert ("cache hub", "existence") in unknown(result)
    assert "transform-not-read" in {item.operation for item in result.not_known}
    assert f"registry {ACCOUNT}/{REGION}" in {subject for subject, _ in unknown(result)}


def test_a_stack_of_an_unknown_account() -> None:
    """It is that of the only snapshot; with several, nothing is concluded."""
    agnostic = template(account=None, region=None)
    assert set() == differing(compared(live(), templates=[agnostic]))
    two = [snapshot(live()), snapshot(registry(), region="eu-west-1")]
    result = of(two, agnostic)
    assert set() == differing(result)
    assert {"existence"} <= {setting for _, setting in unknown(result)}
    assert "environment" in {item.operation for item in result.not_known}
    elsewhere = template(account="999999999999", region=None)
    assert {(NAME, "existence")} <= differing(compared(live(), templates=[elsewhere]))


def test_a_registry_without_a_snapshot() -> None:
    """It is declared, and nothing is known about it; a stack without ECR is no matter."""
    there = template(region="eu-west-1")
    other = template({"Topic": {"Type": "AWS::SNS::Topic"}}, region="eu-west-2")
    result = of([snapshot(live())], template(), there, other)
    assert [f"registry {ACCOUNT}/eu-west-1"] == [item.subject for item in result.not_known]


def test_a_file_with_the_name_of_a_stack(tmp_path: Path) -> None:
    """A folder of templates has no manifest that names stacks."""
    path = tmp_path / "prod.template.json"
    path.write_text(json.dumps({"Resources": RESOURCES}), encoding="utf-8")
    file = template(stack_name=None, path=path)
    result = compared([*live(api={"tags": {}}), deployed(), stacks("prod")], templates=[file])
    [item] = result.settings
    assert item.deployment is not None
    assert "live" == item.deployment.winner
    unnamed = compared([*live(api={"tags": {}}), deployed(), stacks("x")], templates=[file])
    [item] = unnamed.settings
    assert item.deployment is not None
    assert "not-known" == item.deployment.winner


def test_tags_of_the_stack(tmp_path: Path) -> None:
    """An assembly lists them; CloudFormation gives them to resources, of nested stacks too."""
    both = {"tags": {"team": "payments", "stage": "prod"}}
    assert {(NAME, "tags")} == differing(compared(live(api=both)))
    app = cdk.App(outdir=str(tmp_path))
    environment = cdk.Environment(account=ACCOUNT, region=REGION)
    stack = cdk.Stack(app, "Prod", env=environment, tags={"stage": "prod"})
    ecr.CfnRepository(stack, "Api", repository_name=NAME, tags=[cdk.CfnTag(key="a", value="b")])
    nested = cdk.NestedStack(stack, "Nested")
    ecr.CfnRepository(nested, "Api", repository_name="other/api")
    app.synth()
    lives = [
        repository(NAME, tags={"a": "b", "stage": "prod"}),
        repository("other/api", tags={"stage": "prod"}),
    ]
    result = status([snapshot(registry(*lives))], load([tmp_path]))
    assert set() == differing(result)


def test_stacks_of_one_name() -> None:
    """In two Regions, or nested in one stack: a difference is that of its own."""
    there = template({"Api": RESOURCES["Api"]}, region="eu-west-1", construct="Prod/Registry")
    here = template(construct="Prod/Registry")
    twin = template({}, "twin", construct="Prod/Registry")
    mutable = {"imageTagMutability": "MUTABLE"}
    result = of([snapshot(live(api=mutable))], there, here, twin)
    [item] = result.settings
    assert (NAME, f"Prod/Registry in {ACCOUNT}/{REGION}: prod.json") == (item.subject, item.stack)
    assert any("movable" in detail for detail in item.details)
    assert {REGION} == {finding.registry.region for finding in result.findings}


def test_the_source_of_a_replica_is_not_known() -> None:
    """A stack of an unknown account can be anybody's."""
    agnostic = template(account=None, region=None)
    extra = snapshot(live(repository("other/api")))
    result = of([extra, snapshot(registry(), region="eu-west-1")], agnostic)
    assert ("other/api", "existence") in unknown(result)


def test_the_latest_snapshot_counts() -> None:
    """Of several of one registry."""
    old = snapshot(live(api={"tags": {}}))
    old.header = replace(old.header, started="2026-11-01T00:00:00Z")
    assert set() == differing(of([snapshot(live()), old], template()))
    now, then = snapshot(live()), snapshot(live(api={"tags": {}}))
    assert set() == differing(of([then, now], template()))
    assert {(NAME, "tags")} == differing(of([now, then], template()))


def test_scans_of_another_team(tmp_path: Path) -> None:
    """A configuration says that another stack configures them."""
    resources = {key: item for key, item in RESOURCES.items() if key != "Scanning"}
    path = tmp_path / "prod.json"
    path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    toml = tmp_path / "ecr-constructs.toml"
    toml.write_text('[[overrides]]\npaths = ["*.json"]\nscanning = "elsewhere"\n', encoding="utf-8")
    config = Config.given(str(toml))
    result = status([snapshot(live())], [template(resources, path=path)], config=config)
    assert set() == differing(result)


def _scanning(*filters: Any, frequency: str = "SCAN_ON_PUSH") -> dict[str, Any]:
    entries = [{"Filter": item, "FilterType": "WILDCARD"} for item in filters]
    rule = {"ScanFrequency": frequency, "RepositoryFilters": entries}
    return resource("RegistryScanningConfiguration", ScanType="BASIC", Rules=[rule])


@pytest.mark.parametrize(
    ("scanning", "api", "frequency", "expected"),
    [
        (None, {}, "SCAN_ON_PUSH", set()),
        (None, {}, "MANUAL", {"scan-frequency"}),
        (None, {"imageScanningConfiguration": {"scanOnPush": False}}, "MANUAL", {"scan-on-push"}),
        (_scanning("other"), {}, "MANUAL", set()),
        (_scanning("other"), {}, "CONTINUOUS_SCAN", {"scan-frequency"}),
    ],
)
def test_effective_scans(
    scanning: Mapping[str, Any] | None, api: Mapping[str, Any], frequency: str, expected: set[str]
) -> None:
    """What ECR makes of a repository's setting and of the registry's filters."""
    rest = {key: item for key, item in RESOURCES.items() if key != "Scanning"}
    resources = {**rest, **({"Scanning": scanning} if scanning else {})}
    rules = [
        {
            "scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "other", "filterType": "WILDCARD"}],
        }
    ]
    records = live(api=api, scan_rules=rules if scanning else [], frequencies={NAME: frequency})
    assert expected == {setting for _, setting in differing(compared(records, resources=resources))}


def test_a_scanning_configuration_that_scans_nothing() -> None:
    """It is the same as none, also if it has a rule."""
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": []}]
    quiet = {**changed(ImageScanningConfiguration=None)}
    del quiet["Scanning"]
    off = {"imageScanningConfiguration": {"scanOnPush": False}}
    assert set() == differing(compared(live(api=off, scan_rules=rules), resources=quiet))


def test_scans_of_filters_that_are_not_known() -> None:
    """Nothing is expected of a repository that they may select."""
    resources = {**RESOURCES, "Scanning": _scanning({"Ref": "AWS::StackId"})}
    result = compared(live(), resources=resources)
    assert {"scanning"} == {setting for _, setting in unknown(result)}
    quiet = changed(ImageScanningConfiguration=None)
    quiet = {key: item for key, item in quiet.items() if key != "Scanning"}
    off = {"imageScanningConfiguration": {"scanOnPush": False}}
    assert set() == differing(compared(live(api=off, scan_rules=[]), resources=quiet))


def test_odd_custom_resources() -> None:
    """Calls of other services, and calls that are known after the deployment only."""
    calls = [
        {"Create": {"Ref": "AWS::StackId"}},
        {"Create": "PutAccountSetting {"},
        {"Create": json.dumps({"action": "PutAccountSetting", "parameters": {}})},
        {"Create": json.dumps({"action": "PutObject"})},
    ]
    odd = {
        f"Call{index}": {"Type": "Custom::AWS", "Properties": call}
        for index, call in enumerate(calls)
    }
    assert set() == differing(compared(live(), resources={**RESOURCES, **odd}))


def test_a_signing_configuration_of_all_repositories() -> None:
    """A rule without filters, and one filter that matches everything, are the same."""
    profile = LIVE["signing"][0]["signingProfileArn"]
    resources = {
        **RESOURCES,
        "Signing": resource("SigningConfiguration", Rules=[{"SigningProfileArn": profile}]),
    }
    filters = [{"filter": "*", "filterType": "WILDCARD_MATCH"}]
    signing = [{"signingProfileArn": profile, "repositoryFilters": filters}]
    assert set() == differing(compared(live(signing=signing), resources=resources))


def test_two_repositories_of_two_stacks() -> None:
    """Each stack is compared with its own deployed template."""
    second = {"Other": resource("Repository", RepositoryName="other/api")}
    records = live(repository("other/api", tags={"x": "y"}), api={"tags": {}})
    result = of(
        [snapshot([*records, deployed(), deployed({}, "second")])],
        template(),
        template(second, "second"),
    )
    winners = {
        (item.subject, item.setting): item.deployment.winner
        for item in result.settings
        if item.deployment
    }
    assert {(NAME, "tags"): "live", ("other/api", "tags"): "fails"} == winners
