"""The registry, and what tells how it is used, deployed and accessed."""

from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS
from ecr_constructs.model.lifecycle.image import INDEX_MEDIA_TYPES
from ecr_constructs.model.snapshot_sources.operation import (
    Paging,
    Source,
    about,
    about_repositories,
    listing,
)

# Of stacks that have resources: all statuses but DELETE_COMPLETE and REVIEW_IN_PROGRESS.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
STACK_STATUSES = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
)
_REPOSITORIES = listing("ecr:DescribeRepositories", "repositories", Paging(1000))
_IMAGES = about_repositories(
    "DescribeImages",
    "imageDetails",
    paging=Paging(1000),
    fixed=({"filter": {"imageStatus": "ANY"}},),
)
_COVERAGE = {"resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}]}
_CACHES = "ecr:DescribePullThroughCacheRules"
_STACK_NAMES = ("cloudformation:ListStacks", "StackSummaries.StackName")
_KEYS = (_REPOSITORIES.id, "repositories.encryptionConfiguration.kmsKey")

REGISTRY = (
    Source(
        "registry",
        "settings of the registry, caches and creation templates",
        (
            listing("ecr:DescribeRegistry", "replicationConfiguration"),
            listing("ecr:GetRegistryPolicy", "policyText"),
            listing("ecr:GetRegistryScanningConfiguration", "scanningConfiguration"),
            listing("ecr:GetSigningConfiguration", "signingConfiguration"),
            listing(
                "ecr:GetAccountSetting",
                "name",
                fixed=tuple({"name": name} for name in ACCOUNT_SETTINGS),
            ),
            listing(_CACHES, "pullThroughCacheRules", Paging(1000)),
            about(
                _CACHES,
                "pullThroughCacheRules.ecrRepositoryPrefix",
                "ValidatePullThroughCacheRule",
                "ecrRepositoryPrefix",
                lists="isValid",
            ),
            listing(
                "ecr:DescribeRepositoryCreationTemplates",
                "repositoryCreationTemplates",
                Paging(1000),
            ),
            listing("ecr:ListPullTimeUpdateExclusions", "pullTimeUpdateExclusions", Paging(1000)),
        ),
    ),
    Source(
        "repositories",
        "repositories with policies, lifecycle policies, tags and scanning",
        (
            _REPOSITORIES,
            about_repositories("GetRepositoryPolicy", "policyText"),
            about_repositories("GetLifecyclePolicy", "lifecyclePolicyText"),
            about(
                _REPOSITORIES.id,
                "repositories.repositoryArn",
                "ListTagsForResource",
                "resourceArn",
                lists="tags",
            ),
            about_repositories(
                "BatchGetRepositoryScanningConfiguration", "scanningConfigurations", at_once=25
            ),
        ),
    ),
    Source("images", "images with tags, sizes and times", (_REPOSITORIES, _IMAGES)),
    Source(
        "manifests",
        "which images an index lists",
        (
            _REPOSITORIES,
            _IMAGES,
            about(
                _IMAGES.id,
                "imageDetails.imageDigest",
                "BatchGetImage",
                "imageIds",
                lists="images",
                at_once=100,
                wrap="imageDigest",
                carry=("repositoryName",),
                # An archived image cannot be pulled.
                where={
                    "imageManifestMediaType": tuple(sorted(INDEX_MEDIA_TYPES)),
                    "imageStatus": ("ACTIVE", None),
                },
            ),
        ),
        "each one that is read counts as a pull, and changes when an image was last pulled",
    ),
    Source(
        "inspector",
        "Inspector's coverage: scans, pulls and use of images",
        (
            listing(
                "inspector2:ListCoverage",
                "coveredResources",
                Paging(200),
                fixed=({"filterCriteria": _COVERAGE},),
            ),
        ),
    ),
    Source(
        "cloudformation",
        "deployed templates, and which resources stacks own",
        (
            listing(
                "cloudformation:ListStacks",
                "StackSummaries",
                Paging(0, "NextToken"),
                fixed=({"StackStatusFilter": list(STACK_STATUSES)},),
            ),
            about(
                *_STACK_NAMES,
                "GetTemplate",
                "StackName",
                fixed=({"TemplateStage": "Processed"},),
                without=frozenset(),
            ),
            about(*_STACK_NAMES, "ListStackResources", "StackName", paging=Paging(0, "NextToken")),
        ),
    ),
    Source(
        "iam",
        "users, groups, roles and policies of the account",
        (
            listing(
                "iam:GetAccountAuthorizationDetails",
                "",
                Paging(1000, "Marker", "MaxItems"),
                without=frozenset(),
                is_global=True,
            ),
        ),
    ),
    Source(
        "kms",
        "policies of the keys of repositories",
        (
            _REPOSITORIES,
            about(
                *_KEYS, "GetKeyPolicy", "KeyId", service="kms", fixed=({"PolicyName": "default"},)
            ),
            about(*_KEYS, "DescribeKey", "KeyId", service="kms"),
        ),
    ),
    Source(
        "organizations",
        "the organization of the account",
        (listing("organizations:DescribeOrganization", "", is_global=True),),
    ),
)
"""In the order in which they are listed."""
