"""What templates that are deployed together make of each other."""

import json
from typing import Any

import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY, SAM_FUNCTION
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HOME,
    OWN_ROLE,
    OWN_ROOT,
    PARTNER,
    ROOT,
    api,
    creation_template,
    get_att,
    key,
    kms,
    lent,
    resource,
    scanning,
    template,
)
from tests.support.rule_examples.consumers import (
    LAYER_ACTIONS,
    for_functions,
    pulled,
    pulling,
)
from tests.support.rule_examples.registries import replication
from tests.support.rule_examples.repositories import tag_filters
from tests.support.rule_examples.statements import registry

PARTNER_ELSEWHERE = (PARTNER[0], ELSEWHERE[1])
REPLICATE = ("ecr:ReplicateImage", "ecr:CreateRepository")
EXCLUDING = "IMMUTABLE_WITH_EXCLUSION"


def copies(at: tuple[str, str], *prefixes: str) -> dict[str, Any]:
    """Return a replication of some prefixes to a registry."""
    filters = [{"Filter": prefix, "FilterType": "PREFIX_MATCH"} for prefix in prefixes]
    rule = {"Destinations": [{"RegistryId": at[0], "Region": at[1]}]}
    return {"Copies": replication({**rule, **({"RepositoryFilters": filters} if filters else {})})}


def admits(*actions: str, prefix: str = "", at: tuple[str, str] = PARTNER) -> dict[str, Any]:
    """Return a registry policy that lets the home account replicate."""
    arn = f"arn:aws:ecr:{at[1]}:{at[0]}:repository/{prefix}*"
    return registry([*actions], Principal={"AWS": OWN_ROOT}, Resource=arn)


def replicas(**properties: Any) -> dict[str, Any]:
    """Return a creation template for every replica."""
    return {"Replicas": creation_template(Prefix="ROOT", **properties)}


TAGGING = {
    **replicas(ResourceTags=[{"Key": "a", "Value": "b"}], CustomRoleArn=get_att("Role")),
    **lent(Policies=[]),
}


def movable(*tags: str) -> dict[str, Any]:
    """Return a repository of which some tags may move."""
    setting = EXCLUDING if tags else "IMMUTABLE"
    filters = {"ImageTagMutabilityExclusionFilters": tag_filters(*tags)} if tags else {}
    return api(RepositoryName="a/b", ImageTagMutability=setting, **filters)


MUTABLE = api(RepositoryName="a/b", ImageTagMutability="MUTABLE")
UNKNOWN_POLICY = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Ref": "Given"}})}
TO_PARTNER, TO_ELSEWHERE = copies(PARTNER, "prod/"), copies(ELSEWHERE)
REPLICATOR = (
    f"{OWN_ROLE.removesuffix('role')}role/aws-service-role/replication.ecr.amazonaws.com/"
    "AWSServiceRoleForECRReplication"
)


def admits_role(
    role: Any, principal: Any = OWN_ROOT, operator: str = "ArnEquals"
) -> list[tuple[Any, tuple[str, str]]]:
    """Return a replication, and a registry policy for one role of the home account."""
    policy = registry(
        [*REPLICATE],
        Principal={"AWS": principal},
        Resource=f"arn:aws:ecr:{PARTNER[1]}:{PARTNER[0]}:repository/*",
        Condition={operator: {"aws:PrincipalArn": role}},
    )
    return [(TO_PARTNER, HOME), (policy, PARTNER)]


# The templates with their places, and the rules among those of this module that find something.
CASES: dict[str, tuple[list[tuple[Any, tuple[str, str]]], list[str]]] = {
    "a policy for the prefix": (
        [(TO_PARTNER, HOME), (admits(*REPLICATE, prefix="prod/"), PARTNER), (replicas(), PARTNER)],
        [],
    ),
    "a policy for a part of the prefix": (
        [(TO_PARTNER, HOME), (admits(*REPLICATE, prefix="prod/a"), PARTNER)],
        [],
    ),
    "a policy for another prefix": (
        [(TO_PARTNER, HOME), (admits(*REPLICATE, prefix="dev/"), PARTNER)],
        ["ECR316"],
    ),
    "a policy for the replication role": (admits_role(REPLICATOR), []),
    "a policy for some roles": (admits_role(["arn:aws:iam::*:user/*", REPLICATOR]), []),
    "a policy for a pattern of roles": (
        admits_role(REPLICATOR.replace("Replication", "*"), operator="ArnLike"),
        [],
    ),
    "a policy for a role that is not known": (admits_role({"Ref": "Given"}), []),
    "a policy for all but a role": (
        admits_role(f"{OWN_ROLE}/a", operator="ArnNotEquals"),
        [],
    ),
    "a policy that names the replication role": (admits_role(REPLICATOR, REPLICATOR), []),
    "a policy for another role": (admits_role(f"{OWN_ROLE}/a"), ["ECR316"]),
    "a policy that names another role": (
        admits_role(REPLICATOR, f"{OWN_ROLE}/a"),
        ["ECR316"],
    ),
    "a policy of another Region": (
        [
            (TO_PARTNER, HOME),
            (replicas(), PARTNER),
            (admits(*REPLICATE, at=PARTNER_ELSEWHERE), PARTNER_ELSEWHERE),
        ],
        ["ECR316"],
    ),
    "a policy that is not known": (
        [(TO_PARTNER, HOME), (UNKNOWN_POLICY, PARTNER), (replicas(), PARTNER)],
        [],
    ),
    "a registry that is configured without a policy": (
        [(TO_PARTNER, HOME), (replicas(), PARTNER)],
        ["ECR316"],
    ),
    "a registry of which only repositories are given": (
        [(TO_PARTNER, HOME), (api(RepositoryName="payments/api"), PARTNER)],
        [],
    ),
    "no policy of any Region": (
        [
            (TO_PARTNER, HOME),
            (replicas(), PARTNER),
            (replicas(), PARTNER_ELSEWHERE),
        ],
        ["ECR316"],
    ),
    "a policy that does not let replicas be tagged": (
        [(TO_PARTNER, HOME), (admits(*REPLICATE), PARTNER), (TAGGING, PARTNER)],
        ["ECR316"],
    ),
    "a policy that lets replicas be tagged": (
        [
            (TO_PARTNER, HOME),
            (admits(*REPLICATE, "ecr:TagResource"), PARTNER),
            (TAGGING, PARTNER),
        ],
        [],
    ),
    "a movable tag, immutable elsewhere": (
        [({**TO_ELSEWHERE, **movable("latest")}, HOME), (movable(), ELSEWHERE)],
        ["ECR315"],
    ),
    "a movable tag, movable elsewhere": (
        [({**TO_ELSEWHERE, **movable("latest")}, HOME), (movable("l*"), ELSEWHERE)],
        [],
    ),
    "another movable tag": (
        [({**TO_ELSEWHERE, **movable("latest")}, HOME), (movable("main"), ELSEWHERE)],
        ["ECR315"],
    ),
    "movable tags, immutable elsewhere": (
        [({**TO_ELSEWHERE, **MUTABLE}, HOME), (movable("main"), ELSEWHERE)],
        ["ECR315"],
    ),
    "movable tags on both sides": (
        [({**TO_ELSEWHERE, **MUTABLE}, HOME), (MUTABLE, ELSEWHERE)],
        [],
    ),
    "immutable tags on both sides": (
        [({**TO_ELSEWHERE, **movable()}, HOME), (movable(), ELSEWHERE)],
        [],
    ),
    "a key of another Region": (
        [(kms({"Fn::ImportValue": "key"}), HOME), ({"Key": key()}, ELSEWHERE)],
        ["ECR611"],
    ),
    "a key of the Region": (
        [(kms({"Fn::ImportValue": "key"}), HOME), ({"Key": key()}, HOME)],
        [],
    ),
}


@pytest.mark.parametrize(("placed", "rules"), CASES.values(), ids=CASES)
def test_templates_are_compared(
    placed: list[tuple[Any, tuple[str, str]]], rules: list[str]
) -> None:
    """The finding is where the template can be changed."""
    export = {"Key": {"Value": get_att("Key"), "Export": {"Name": "key"}}}
    templates = [
        template(content, at, f"stack-{number}", Outputs=export if "Key" in content else {})
        for number, (content, at) in enumerate(placed)
    ]
    rule_ids = {finding.rule for finding in check(templates)}
    assert rules == sorted(rule_ids & {"ECR315", "ECR316", "ECR611", "ECR607"})


def conditional(*, created: bool = True) -> Template:
    """Return a repository without a policy that may be created, or is not."""
    condition = {"Fn::Equals": ["a", {"Ref": "P"} if created else "b"]}
    resources = {"Api": {**api(RepositoryName="shop/api")["Api"], "Condition": "C"}}
    parameters = {"P": {"Type": "String"}}
    return template(resources, name="other", Conditions={"C": condition}, Parameters=parameters)


FAR = {"StringNotEquals": {"aws:SourceAccount": HOME[0]}}
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/api@sha256:" + "0" * 64
FUNCTIONS: dict[str, tuple[list[Template], bool]] = {
    "no policy": ([pulling(), pulled()], True),
    "of the own account": ([pulling(), pulled(for_functions(HOME[0]))], True),
    "for a manifest only": (
        [pulling(), pulled(for_functions(actions="ecr:BatchGetImage"))],
        True,
    ),
    "for manifests and layers": (
        [pulling(), pulled(*(for_functions(actions=action) for action in LAYER_ACTIONS))],
        False,
    ),
    "a denial": ([pulling(), pulled(for_functions(Effect="Deny"))], True),
    "another service": (
        [pulling(), pulled(for_functions(Principal={"Service": "codebuild.amazonaws.com"}))],
        True,
    ),
    "without a condition": ([pulling(), pulled(for_functions(Condition=ABSENT))], False),
    "everyone": ([pulling(), pulled(for_functions(Principal="*"))], False),
    "everyone else": (
        [pulling(), pulled(for_functions(Principal=ABSENT, NotPrincipal={"AWS": ROOT}))],
        False,
    ),
    "all other accounts": ([pulling(), pulled(for_functions(Condition=FAR))], False),
    "all accounts but this one": (
        [
            pulling(),
            pulled(for_functions(Condition={"StringNotEquals": {"aws:SourceAccount": PARTNER[0]}})),
        ],
        True,
    ),
    "an organization": (
        [
            pulling(),
            pulled(for_functions(Condition={"StringEquals": {"aws:SourceOrgID": "o-abcdefghij"}})),
        ],
        False,
    ),
    "a condition that is not known": (
        [pulling(), pulled(for_functions(Condition={"ArnLike": {"Ref": "P"}}))],
        False,
    ),
    "an effect that is not known": ([pulling(), pulled(for_functions(Effect={"Ref": "P"}))], False),
    "a policy that is not known": ([pulling(), pulled({"Ref": "P"})], False),
    "a policy in a text": (
        [
            pulling(),
            template(
                api(RepositoryName="shop/api", RepositoryPolicyText=json.dumps({"Statement": []}))
            ),
        ],
        True,
    ),
    "a policy that is not JSON": (
        [pulling(), template(api(RepositoryName="shop/api", RepositoryPolicyText="{"))],
        False,
    ),
    "another repository": ([pulling(), pulled(name="shop/web")], False),
    "a repository of another Region": ([pulling(), pulled(at=ELSEWHERE)], False),
    "a function of the same account": ([pulling(HOME), pulled()], False),
    "a function of an unknown account": (
        [Template("functions", pulling().body, None, None), pulled()],
        False,
    ),
    "a repository of another app": ([pulling()], False),
    "a repository that is not created": ([pulling(), conditional(created=False)], False),
    "one of two repositories": ([pulling(), pulled(for_functions()), conditional()], False),
    "a function of SAM": (
        [
            template(
                {"F": resource(SAM_FUNCTION, {"PackageType": "Image", "ImageUri": IMAGE})}, PARTNER
            ),
            pulled(),
        ],
        True,
    ),
}


@pytest.mark.parametrize(("templates", "found"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_of_other_accounts(templates: list[Template], *, found: bool) -> None:
    """What is not known, or is defined in another app, is not a finding."""
    assert found == ("ECR704" in {finding.rule for finding in check(templates)})


EVERYTHING = [
    {
        "ScanFrequency": "SCAN_ON_PUSH",
        "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
    }
]
UNKNOWN_PLACE = (None, None)


@pytest.mark.parametrize(
    ("there", "rules"),
    [
        (HOME, []),
        (UNKNOWN_PLACE, []),
        (ELSEWHERE, ["ECR013"]),
        ((PARTNER[0], None), ["ECR013"]),
        ((None, ELSEWHERE[1]), ["ECR013"]),
    ],
    ids=str,
)
def test_another_template_may_scan(there: tuple[Any, Any], rules: list[str]) -> None:
    """Unless it is definitely of another registry."""
    resources = api(ImageScanningConfiguration=ABSENT)
    scans = {"Resources": scanning(ScanType="BASIC", Rules=EVERYTHING)}
    findings = check([template(resources), Template("scanning", scans, *there)])

    assert rules == [finding.rule for finding in findings]


def test_an_export_is_unique() -> None:
    """In an account and Region; of a stack whose place is unknown nothing is said."""
    outputs = {"Api": {"Value": get_att("Api"), "Export": {"Name": "api"}}}
    conditional = {
        "Other": {**outputs["Api"], "Condition": "Perhaps"},
        "None": {"Value": "a"},
        "Unknown": {"Value": "a", "Export": {"Name": {"Ref": "AWS::StackName"}}},
    }
    body = {"Resources": api(), "Outputs": {**outputs, **conditional}}
    names = ("one", "two")

    for place, expected in ((HOME, ["two"]), (UNKNOWN_PLACE, [])):
        findings = check([Template(name, body, *place) for name in names])
        assert expected == [item.template for item in findings if item.rule == "ECR607"]


def test_an_output_exists_with_its_resource() -> None:
    """A condition of the output, or Fn::If, makes sure of it."""
    conditions = {"Perhaps": {"Fn::Equals": [{"Ref": "Given"}, "a"]}}
    resources = {"Api": {**api()["Api"], "Condition": "Perhaps"}}
    uri, given = get_att("Api", "RepositoryUri"), {"Given": {"Type": "String"}}
    outputs = {
        "Plain": {"Value": uri},
        "Guarded": {"Value": {"Fn::If": ["Perhaps", uri, "none"]}},
        "Conditional": {"Value": uri, "Condition": "Perhaps"},
        "Misspelt": {"Value": {"Ref": "Apy"}},
        "Pseudo": {"Value": {"Fn::Sub": "${AWS::Region} ${Given}"}},
        "Broken": 5,
    }
    sections: dict[str, Any] = {"Conditions": conditions, "Parameters": given, "Outputs": outputs}
    findings = check([template(resources, **sections)])

    assert ["Outputs.Misspelt.Value", "Outputs.Plain.Value"] == [item.where for item in findings]


def test_conditions_depend_on_parameters() -> None:
    """Not on resources, nor on what there is not; a transform may add what is missing."""
    equal = {"Fn::Equals": [{"Ref": "Api"}, {"Ref": "Nothing"}]}
    sections: dict[str, Any] = {"Conditions": {"A": equal, "B": {"Fn::Equals": ["x", "y"]}}}
    resources = {"Api": {**api()["Api"], "Condition": "Bee"}}
    places = [item.where for item in check([template(resources, **sections)])]

    assert ["Conditions.A.Fn::Equals[0]", "Conditions.A.Fn::Equals[1]"] == places[:2]
    assert ["Resources.Api.Condition"] == places[2:]
    assert [] == check([template(resources, **sections, Transform="AWS::Serverless-2016-10-31")])


def test_language_extensions_change_functions() -> None:
    """They add functions and a default of a mapping; another transform may replace anything."""
    lookup = ["Names", "a", "b", {"DefaultValue": "a/b"}]
    resources = {
        "Joined": api(RepositoryName={"Fn::Join": ["-", "a"]})["Api"],
        "Mapped": api(RepositoryName={"Fn::FindInMap": lookup})["Api"],
        "Sized": api(Tags=[{"Key": "a", "Value": {"Fn::Length": ["a"]}}])["Api"],
        "Noted": {**api()["Api"], "Description": "Images"},
    }
    expected = {
        "AWS::LanguageExtensions": [("Joined", "ECR605"), ("Noted", "ECR001")],
        "AWS::Serverless-2016-10-31": [],
    }
    for transform, places in expected.items():
        findings = check([template(resources, Transform=transform)])
        assert places == [(item.resource, item.rule) for item in findings]


def test_a_policy_may_be_no_value() -> None:
    """As if it was not written."""
    absent = {"Api": api(DeletionPolicy={"Ref": "AWS::NoValue"})["Api"]}
    findings = check([template(absent, Transform="AWS::LanguageExtensions")])

    assert [("ECR016", "DeletionPolicy")] == [(item.rule, item.where) for item in findings]


def test_defaults_are_allowed() -> None:
    """Each part of a list; numbers equal their texts."""
    allowed = {"AllowedValues": [1, "b"]}
    parameters = {
        "Good": {"Type": "Number", "Default": "1", **allowed},
        "Bad": {"Type": "String", "Default": "c", **allowed},
        "List": {"Type": "CommaDelimitedList", "Default": "b, 1", **allowed},
        "BadList": {"Type": "List<Number>", "Default": "1,2", **allowed},
        "Free": {"Type": "String", "Default": "c"},
    }
    findings = check([template(api(), Parameters=parameters)])

    places = ["Parameters.Bad.Default", "Parameters.BadList.Default"]
    assert places == [item.where for item in findings]
