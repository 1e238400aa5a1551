"""Examples of the rules that are off by default."""

from tests.support.rule_examples.build import (
    ABSENT,
    EVERYTHING,
    Example,
    Problems,
    api,
    example,
    get_att,
    key,
    kms,
    one_template,
    scanning,
)
from tests.support.rule_examples.repositories import tag_filters

_SETTING = "ImageTagMutability"
_EXCLUDING = {
    _SETTING: "IMMUTABLE_WITH_EXCLUSION",
    "ImageTagMutabilityExclusionFilters": tag_filters("latest"),
}
_ENHANCED = {"ScanType": "ENHANCED", "Rules": [EVERYTHING]}
_KEYLESS = {"EncryptionType": "AES256"}
_AWS_KEY = {"EncryptionType": "KMS", "KmsKey": "alias/aws/ecr"}

EXAMPLES: dict[str, Example] = {
    "ECR801": example(api(), "Api.Properties", kms(get_att("Key"), Key=key())),
    "ECR802": example(
        {**api(), **scanning(ScanType="BASIC", Rules=[])},
        "Scanning.Properties.ScanType",
        {**api(), **scanning(**_ENHANCED)},
    ),
    "ECR803": example(api(**_EXCLUDING), f"Api.Properties.{_SETTING}", api()),
}
PROBLEMS: Problems = {
    ("ECR801", "Api.Properties.EncryptionConfiguration"): {
        "AES-256": api(EncryptionConfiguration=_KEYLESS),
    },
    ("ECR801", "Api.Properties.EncryptionConfiguration.KmsKey"): {
        "the AWS managed key": api(EncryptionConfiguration=_AWS_KEY),
    },
    ("ECR801", "Payments.Properties"): {"a creation template without a key": one_template()},
    ("ECR802", "Scanning.Properties"): {"scans of the default type": scanning(Rules=[])},
    ("ECR802", "Api"): {"a registry that nothing configures": api()},
    ("ECR803", f"Payments.Properties.{_SETTING}"): {
        "a mutable creation template": one_template(**{_SETTING: "MUTABLE"}),
        "exclusions of a creation template": one_template(**_EXCLUDING),
    },
    ("ECR803", "Payments.Properties"): {
        "a creation template by default": one_template(**{_SETTING: ABSENT}),
    },
}
