"""Examples of the rules for repositories, their encryption, what deletes them, and lifecycle."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    AUTO_DELETE_IMAGES,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
)
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    EVERYTHING,
    HOME,
    OWN_ROLE,
    UNTAGGED,
    Example,
    Problems,
    api,
    example,
    get_att,
    key,
    kms,
    one_template,
    policy_text,
    quay,
    repository,
    resource,
    rule,
    scanning,
    template,
)
from tests.support.rule_examples.registries import replication

_VIRGINIA, _GOVCLOUD = (HOME[0], "us-east-1"), (HOME[0], "us-gov-west-1")
_PUBLIC = {"Cli": resource(PUBLIC_REPOSITORY, {"Tags": [{"Key": "team", "Value": "cli"}]})}
_SETTING, _FILTERS = "ImageTagMutability", "ImageTagMutabilityExclusionFilters"
_ENCRYPTION = "EncryptionConfiguration"
_KEY = f"Api.Properties.{_ENCRYPTION}.KmsKey"
_KMS = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
_SOUND_KMS = kms(get_att("Key"), Key=key())


def tag_filters(*patterns: str) -> list[dict[str, str]]:
    """Return exclusion filters."""
    kind = "ImageTagMutabilityExclusionFilterType"
    value = "ImageTagMutabilityExclusionFilterValue"
    return [{kind: "WILDCARD", value: pattern} for pattern in patterns]


def _named(name: str, logical_id: str, at: tuple[str, str] = HOME, stack: str = "one") -> Any:
    return template({logical_id: api(RepositoryName=name)["Api"]}, at, stack)


def _properties(path: str, wrong: dict[str, Any], right: dict[str, Any]) -> Example:
    return example(api(**wrong), f"Api.Properties.{path}".rstrip("."), api(**right))


def _kms_key(**properties: Any) -> dict[str, Any]:
    return kms(get_att("Key"), Key=key(**properties))


_LATEST, _WIDE = tag_filters("latest"), tag_filters("a*b*c*")
_KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
_DSSE = {"EncryptionType": "KMS_DSSE", "KmsKey": f"arn:aws:kms:{HOME[1]}:{HOME[0]}:key/1"}
_GOVERNMENT_KEY = f"arn:aws-us-gov:kms:us-gov-west-1:{HOME[0]}:key/1"

_NAMED = {"RepositoryName": "payments/api"}
EXAMPLES = {
    "ECR001": _properties("repositoryName", {"repositoryName": "payments/api"}, _NAMED),
    "ECR002": _properties("RepositoryName", {"RepositoryName": "Payments/API"}, _NAMED),
    "ECR003": example(
        [_named("payments/api", "Api"), _named("payments/api", "Copy", stack="two")],
        "Copy.Properties.RepositoryName",
        [_named("payments/api", "Api"), _named("payments/api", "Copy", ELSEWHERE, "two")],
    ),
    "ECR004": _properties(_SETTING, {_SETTING: "Immutable"}, {_SETTING: "IMMUTABLE"}),
    "ECR005": example(
        one_template(Description="d" * 257),
        "Payments.Properties.Description",
        one_template(Description="d" * 256),
    ),
    "ECR007": example(
        {
            **api(),
            "Lifecycle": resource("AWS::ECR::LifecyclePolicy", {"RepositoryName": {"Ref": "Api"}}),
        },
        "Resources.Lifecycle.Type",
        api(UNTAGGED),
    ),
    "ECR008": example(
        api(UpdateReplacePolicy="RetainExceptOnCreate"),
        "Api.UpdateReplacePolicy",
        api(DeletionPolicy="RetainExceptOnCreate"),
    ),
    "ECR006": example(_PUBLIC, "Cli.Type", [template(_PUBLIC, _VIRGINIA)]),
    "ECR010": _properties(
        "Tags",
        {"Tags": [{"Key": "aws:team", "Value": "payments"}]},
        {"Tags": [{"Key": "team", "Value": "payments"}]},
    ),
    "ECR011": _properties(
        _FILTERS, {_FILTERS: _LATEST}, {_SETTING: "IMMUTABLE_WITH_EXCLUSION", _FILTERS: _LATEST}
    ),
    "ECR012": _properties("", {_SETTING: ABSENT}, {_SETTING: "IMMUTABLE"}),
    "ECR013": example(
        api(ImageScanningConfiguration=ABSENT),
        "Api.Properties",
        api(ImageScanningConfiguration=ABSENT) | scanning(ScanType="ENHANCED", Rules=[EVERYTHING]),
    ),
    "ECR015": _properties(
        "EmptyOnDelete",
        {"EmptyOnDelete": True, "DeletionPolicy": "Delete"},
        {"EmptyOnDelete": True},
    ),
    "ECR016": example(
        api(DeletionPolicy=ABSENT, UpdateReplacePolicy=ABSENT), "Api.DeletionPolicy", api()
    ),
    "ECR017": example(_kms_key(DeletionPolicy="Delete"), "Key.DeletionPolicy", _SOUND_KMS),
    "ECR018": example(
        [template({"Cli": resource(PUBLIC_REPOSITORY, {})}, _VIRGINIA)],
        "Cli.Properties",
        [template(_PUBLIC, _VIRGINIA)],
    ),
    "ECR020": example(
        one_template(
            EncryptionConfiguration={**_KMS, "KmsKey": "alias/ecr"},
            CustomRoleArn=f"{OWN_ROLE}/create",
        ),
        "Payments.Properties.EncryptionConfiguration.KmsKey",
        one_template(EncryptionConfiguration=_KMS, CustomRoleArn=f"{OWN_ROLE}/create")
        | {"Key": key()},
    ),
    "ECR021": example(
        api(EncryptionConfiguration=_DSSE),
        f"Api.Properties.{_ENCRYPTION}",
        [template(api(EncryptionConfiguration={**_DSSE, "KmsKey": _GOVERNMENT_KEY}), _GOVCLOUD)],
    ),
    "ECR023": example(
        api(EncryptionConfiguration={"EncryptionType": "KMS"}),
        f"Api.Properties.{_ENCRYPTION}",
        _SOUND_KMS,
    ),
    "ECR024": example(
        _kms_key(EnableKeyRotation=False), "Key.Properties.EnableKeyRotation", _SOUND_KMS
    ),
    "ECR025": example(kms("alias/ecr"), _KEY, _SOUND_KMS),
}

_API = "Api.Properties"
POLICY = policy_text(UNTAGGED)


def _unscanned() -> dict[str, Any]:
    return api(RepositoryName="dev/api", ImageScanningConfiguration=ABSENT)


def _scans(*patterns: str) -> dict[str, Any]:
    filters = [{"Filter": pattern, "FilterType": "WILDCARD"} for pattern in patterns]
    return {"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": filters}


def _emptied(**attributes: Any) -> dict[str, Any]:
    properties = {"ServiceToken": "arn:aws:lambda:x", "RepositoryName": {"Ref": "Api"}}
    tags = [{"Key": "aws-cdk:auto-delete-images", "Value": "true"}]
    return {
        **api(Tags=tags),
        "Empty": resource(AUTO_DELETE_IMAGES, properties, **attributes),
    }


_KEY_OF_AES = {"EncryptionType": "AES256", "KmsKey": "x"}
PROBLEMS: Problems = {
    ("ECR001", "Payments.Properties"): {
        "a missing property": (one_template(Prefix=ABSENT), "Prefix")
    },
    ("ECR001", "Copies.Properties.ReplicationConfiguration.Rules[0].Destinations[0]", "Region"): {
        "a goal without Region": {"Copies": replication({"Destinations": [{"RegistryId": "1"}]})}
    },
    ("ECR004", f"{_API}.LifecyclePolicy.LifecyclePolicyText"): {
        "an object for text": api(LifecyclePolicy={"LifecyclePolicyText": {"rules": [UNTAGGED]}})
    },
    ("ECR004", f"{_API}.{_SETTING}"): {
        "a list where a choice is due": api(ImageTagMutability=["MUTABLE"]),
        "a choice like no other": (api(ImageTagMutability="xyz"), "xyz"),
    },
    ("ECR004", f"{_API}.RepositoryName"): {"a list for text": api(RepositoryName=["a"])},
    ("ECR004", f"{_API}.Tags"): {"a text where a list is due": (api(Tags="team"), "team")},
    ("ECR004", f"{_API}.EmptyOnDelete"): {"no truth": (api(EmptyOnDelete="perhaps"), "perhaps")},
    ("ECR005", _KEY): {"too short": (kms(""), "2,048")},
    ("ECR010", f"{_API}.Tags"): {
        "a tag twice": api(Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": 2}])
    },
    ("ECR011", f"{_API}.{_SETTING}", "MUTABLE_WITH_EXCLUSION"): {
        "a setting without filters": api(ImageTagMutability="MUTABLE_WITH_EXCLUSION")
    },
    ("ECR011", f"{_API}.{_FILTERS}"): {
        "filters without a setting": (api(**{_SETTING: ABSENT, _FILTERS: _LATEST}), "MUTABLE"),
        "a filter with three wildcards": (api(ImageTagMutabilityExclusionFilters=_WIDE), "a*b*c*"),
        "no filter": api(**{_SETTING: "IMMUTABLE_WITH_EXCLUSION", _FILTERS: []}),
        "filters of what is not known": api(**{_SETTING: {"Ref": "Given"}, _FILTERS: _WIDE}),
    },
    ("ECR001", "Api.Description"): {
        "a key that resources do not have": {"Api": {**repository(), "Description": "Images"}}
    },
    ("ECR001", "Key.DeletionPolicies"): {
        "a misspelt key of a resource": {"Key": {**key(), "DeletionPolicies": "Retain"}}
    },
    ("ECR001", "Api.ImageTagMutability"): {
        "a property beside the properties": {
            "Api": {**repository(), "ImageTagMutability": "IMMUTABLE"}
        }
    },
    ("ECR002", f"{_API}.RepositoryName"): {
        "capitals beside a parameter": api(RepositoryName={"Fn::Sub": "MyApp-${Given}"}),
        "separators beside a parameter": api(RepositoryName={"Fn::Sub": "app._${Given}"}),
        "a slash before a parameter": api(RepositoryName={"Fn::Sub": "/${Given}"}),
        "256 letters and a parameter": api(RepositoryName={"Fn::Sub": "a" * 257 + "${Given}"}),
        "a URI of some Region": api(
            RepositoryName={"Fn::Sub": "111122223333.dkr.ecr.${Given}.amazonaws.com/api"}
        ),
    },
    ("ECR004", f"{_API}.LifecyclePolicy.RegistryId"): {
        "an account of eleven digits": api(
            LifecyclePolicy={"RegistryId": 11122223333, "LifecyclePolicyText": POLICY}
        )
    },
    ("ECR007", "Resources.It.Type"): {
        f"no type {kind}": {"It": resource(f"AWS::{kind}", {})}
        for kind in (
            *("ECR::RepositoryPolicy", "ECR::Repositories", "ECR::AccountSetting"),
            *("ECR::ReplicationBackfill", "ECRPublic::Repository", "ECR::Image", "ecr::Thing"),
        )
    },
    ("ECR008", "Api.DeletionPolicy"): {
        "a policy in lower case": api(DeletionPolicy="retain"),
        "a policy that there is not": api(DeletionPolicy="Keep"),
        "a deletion in lower case": api(DeletionPolicy="delete"),
        "a snapshot of a repository": api(DeletionPolicy="Snapshot"),
        "a function without the transform": api(DeletionPolicy={"Ref": "Given"}),
    },
    ("ECR012", f"{_API}.{_FILTERS}"): {
        "every tag is excluded": api(
            **{_SETTING: "IMMUTABLE_WITH_EXCLUSION", _FILTERS: tag_filters("*")}
        )
    },
    ("ECR012", f"Payments.Properties.{_SETTING}"): {
        "replicas that are mutable": one_template(ImageTagMutability="MUTABLE")
    },
    ("ECR012", "Payments.Properties"): {
        "pushes create mutable repositories": one_template(
            AppliedFor=["CREATE_ON_PUSH"], ImageTagMutability=ABSENT
        )
    },
    ("ECR013", f"{_API}.ImageScanningConfiguration"): {
        "explicitly not scanned": api(ImageScanningConfiguration={"ScanOnPush": False})
    },
    ("ECR013", f"{_API}"): {
        "scanning without rules": _unscanned() | scanning(ScanType="BASIC", Rules=[]),
        "scanning that has no rules": _unscanned() | scanning(ScanType="BASIC"),
        "scanning of other repositories": _unscanned()
        | scanning(ScanType="BASIC", Rules=[_scans("prod/*")]),
        "scanning of a name that is not contained": _unscanned()
        | scanning(ScanType="BASIC", Rules=[_scans("prod")]),
        "manual scanning": _unscanned()
        | scanning(ScanType="BASIC", Rules=[{**_scans("*"), "ScanFrequency": "MANUAL"}]),
    },
    ("ECR015", "Empty"): {
        "images that a custom resource deletes": _emptied(),
        "images that go with the custom resource": _emptied(DeletionPolicy="Delete"),
    },
    ("ECR016", "Api.DeletionPolicy"): {"no DeletionPolicy": api(DeletionPolicy=ABSENT)},
    ("ECR020", _KEY, "Key"): {
        "an asymmetric key": _kms_key(KeySpec="RSA_4096"),
        "a key of HMAC": _kms_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
        "a key that signs": _kms_key(KeyUsage="SIGN_VERIFY"),
        "a disabled key": _kms_key(Enabled=False),
        "a disabled key of an alias": kms(
            {"Ref": "Alias"},
            Key=key(Enabled="false"),
            Alias=resource("AWS::KMS::Alias", {"TargetKeyId": get_att("Key", "KeyId")}),
        ),
    },
    ("ECR020", _KEY): {
        "no key": (kms(get_att("Other"), Other={"Type": "AWS::S3::Bucket"}), "Other"),
        "no key either": (kms("payments"), "payments"),
        "AES256 with a key": (api(EncryptionConfiguration=_KEY_OF_AES), "AES256"),
    },
    ("ECR021", f"{_API}.{_ENCRYPTION}"): {
        "a key of another Region": (kms(f"arn:aws:kms:eu-west-1:{HOME[0]}:key/1"), "eu-west-1")
    },
    ("ECR025", _KEY): {
        "a key's id": (kms({"Ref": "Key"}, Key=key()), "Ref"),
        "a key's id as text": (kms(_KEY_ID), _KEY_ID),
        "the stack's alias": (kms({"Ref": "Alias"}, Alias={"Type": "AWS::KMS::Alias"}), "Alias"),
    },
}

# A number that a parameter gives, and no countUnit.
NO_UNIT = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged",'
    '"countType":"sinceImagePushed","countNumber":${Given}},"action":{"type":"expire"}}]}'
)


def _given(text: str) -> dict[str, Any]:
    return api(LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": text}})


TEXT = "Api.Properties.LifecyclePolicy.LifecyclePolicyText"


def _since(event: str, days: int) -> dict[str, Any]:
    return {"countType": f"sinceImage{event}", "countUnit": "days", "countNumber": days}


_TAGGED: dict[str, Any] = {"tagStatus": "tagged"}
_ANY: dict[str, Any] = {"tagStatus": "any"}
_RELEASES = rule(1, images=100, **_TAGGED, tagPatternList=["v*"])
_UNPULLED = rule(1, "transition", **_since("Pulled", 90), **_ANY)
_SCANNER = f"{OWN_ROLE}/scanner"
_FROM_ARCHIVE = rule(2, **_since("Transitioned", 365), storageClass="archive", **_ANY)


def _policies(wrong: list[dict[str, Any]], right: list[dict[str, Any]]) -> Example:
    return example(api(*wrong), TEXT, api(*right))


def _tagged(priority: int, days: int | None = None, images: int | None = None, **tags: Any) -> Any:
    return rule(priority, days=days, images=images, **_TAGGED, **tags)


def _cached(policy: dict[str, Any]) -> dict[str, Any]:
    return {"Quay": quay(), "Base": repository(policy, RepositoryName="quay/base")}


EXAMPLES |= {
    "ECR101": _policies([_tagged(1, images=0)], [_RELEASES]),
    "ECR102": example(api(LifecyclePolicy=ABSENT), "Api.Properties", api(UNTAGGED)),
    "ECR111": _policies(
        [_tagged(1, 90, tagPatternList=["*"]), _tagged(2, images=9, tagPatternList=["v*"])],
        [_tagged(1, images=9, tagPatternList=["v*"]), _tagged(2, 90, tagPatternList=["*"])],
    ),
    "ECR112": _policies(
        [_tagged(1, images=100, tagPrefixList=["v", "release-"])],
        [_tagged(n, images=100, tagPrefixList=[tag]) for n, tag in ((1, "v"), (2, "release-"))],
    ),
    "ECR113": _policies(
        [_tagged(1, images=100, tagPatternList=[".*-release"])],
        [_tagged(1, images=100, tagPatternList=["*-release"])],
    ),
    "ECR114": example(_cached(UNTAGGED), TEXT.replace("Api", "Base"), _cached(_RELEASES)),
    "ECR115": _policies([rule(1, days=30, **_ANY)], [_RELEASES, rule(2, days=30, **_ANY)]),
    "ECR116": example(
        api(_UNPULLED),
        TEXT,
        api(_UNPULLED) | {"Scanner": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": _SCANNER})},
    ),
}

_V = _tagged(1, images=9, tagPatternList=["v*"])
PROBLEMS |= {
    ("ECR101", TEXT): {
        "duplicate lifecycle priority": (api(_V, rule(1, images=9, **_ANY)), "rulePriority"),
        "count 0": (api(rule(1, images=0, **_ANY)), "countNumber"),
        "tagged without tags": (api(_tagged(1, images=9)), "tagPatternList"),
        "no countUnit": (
            api(rule(1, **_ANY, countType="sinceImagePushed", countNumber=9)),
            "countUnit",
        ),
        "any not last": (api(rule(1, images=9, **_ANY), {**_V, "rulePriority": 2}), "any"),
        "unknown action": (api(rule(1, "delete", images=9, **_ANY)), "delete"),
        "a policy not in JSON": (api(LifecyclePolicy={"LifecyclePolicyText": "rules:"}), "JSON"),
        "a count in the archive": (
            api(rule(1, images=9, **_ANY, storageClass="archive")),
            "storageClass",
        ),
        "no unit of an unknown number": (_given(NO_UNIT), "countUnit"),
        "a number in quotation marks": (_given(NO_UNIT.replace("${Given}", '"${Given}"')), "${…}"),
        "an action beside an unknown number": (_given(NO_UNIT.replace("expire", "drop")), "drop"),
        "a comma too many before a number": (_given(NO_UNIT.replace("{", "{,", 1)), "JSON"),
        "a duplicate key beside a number": (
            _given(NO_UNIT.replace('"countType"', '"tagStatus":"any","countType"')),
            "tagStatus",
        ),
    },
    ("ECR101", "Payments.Properties.LifecyclePolicy", "30,720"): {
        "a policy that is too long": one_template(LifecyclePolicy='{"rules": []}' + " " * 30_720)
    },
    ("ECR102", "Payments.Properties"): {
        "a template without a policy": one_template(LifecyclePolicy=ABSENT)
    },
}
