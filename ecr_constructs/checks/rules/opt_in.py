"""Requirements that some organizations have: off unless a configuration selects them."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import ECR_GUIDE, Problem, warning_rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY, SCANNING

_TYPES = [REPOSITORY, CREATION_TEMPLATE]
_AWS_MANAGED_KEY = "alias/aws/ecr"


@warning_rule(
    "ECR801",
    "Images are encrypted with a customer managed key",
    types=_TYPES,
    why="Only the policy of a customer managed key can deny access to images, and only such a key "
    "can be disabled. The encryption of a repository cannot be changed later.",
    remedy="Write EncryptionConfiguration with EncryptionType: KMS and KmsKey. For a deployed "
    "repository that is a replacement: create a new one and copy its images.",
    source=f"{ECR_GUIDE}/encryption-at-rest.html",
    controls=("Security Hub ECR.5", "CKV_AWS_136", "AVD-AWS-0033"),
    is_opt_in=True,
)
def _customer_key(resource: Resource) -> Iterator[Problem]:
    """Find AES-256 and the AWS managed key by alias; ECR023 reports KMS without a key."""
    path = ("Properties", "EncryptionConfiguration")
    key = resource.text("EncryptionConfiguration", "KmsKey") or ""
    if resource.get("EncryptionConfiguration") is None and resource.is_known:
        yield Problem(("Properties",), "images are encrypted with a key of ECR, by default")
    elif resource.get("EncryptionConfiguration", "EncryptionType") == "AES256":
        yield Problem(path, "AES256 encrypts images with a key of ECR")
    elif key.endswith(_AWS_MANAGED_KEY):
        yield Problem((*path, "KmsKey"), f"{key} is the AWS managed key")


@warning_rule(
    "ECR802",
    "Amazon Inspector scans the images of the registry",
    types=[REPOSITORY, SCANNING],
    why="Basic scanning finds no vulnerabilities in packages of programming languages, and does "
    "not scan an image again when a new vulnerability is published.",
    remedy="Write ScanType: ENHANCED in AWS::ECR::RegistryScanningConfiguration. If another stack "
    'has it, write scanning = "elsewhere" in the configuration.',
    source=f"{ECR_GUIDE}/image-scanning-enhanced.html",
    is_opt_in=True,
)
def _enhanced(resource: Resource) -> Iterator[Problem]:
    """Find basic scanning, and registries whose configuration is unknown, each of them once."""
    if resource.type == SCANNING:
        scan_type = resource.text("ScanType")
        if scan_type == "BASIC" or (resource.get("ScanType") is None and resource.is_known):
            path = ("Properties", "ScanType") if scan_type else ("Properties",)
            yield Problem(path, "images get basic scans")
        return
    assembly = resource.assembly
    is_configured = resource.stack.template.scanned_elsewhere or assembly.in_registry_of(
        resource, SCANNING
    )
    if not is_configured and assembly.siblings(resource)[0] is resource:
        yield Problem((), "no template configures the scans of this registry")


@warning_rule(
    "ECR803",
    "Every tag is immutable, without exceptions",
    types=_TYPES,
    why="A tag that an exclusion filter matches can be moved, so it does not identify an image.",
    remedy="Write ImageTagMutability: IMMUTABLE, and remove the exclusion filters.",
    source=f"{ECR_GUIDE}/image-tag-mutability.html",
    is_opt_in=True,
)
def _immutable(resource: Resource) -> Iterator[Problem]:
    """Find exclusions, and what ECR012, which is about repositories only, does not report."""
    setting = resource.text("ImageTagMutability")
    is_default = resource.get("ImageTagMutability") is None and resource.is_known
    path = ("Properties", "ImageTagMutability")
    if setting is not None and setting.endswith("_WITH_EXCLUSION"):
        yield Problem(path, f"{setting} lets some tags move")
    elif resource.type == CREATION_TEMPLATE and (setting == "MUTABLE" or is_default):
        yield Problem(path if setting else ("Properties",), "every tag may be moved")
