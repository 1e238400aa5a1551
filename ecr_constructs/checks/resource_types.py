"""The resource types that rules speak of."""

REPOSITORY = "AWS::ECR::Repository"
PUBLIC_REPOSITORY = "AWS::ECR::PublicRepository"
CACHE = "AWS::ECR::PullThroughCacheRule"
CREATION_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
REPLICATION = "AWS::ECR::ReplicationConfiguration"
REGISTRY_POLICY = "AWS::ECR::RegistryPolicy"
SCANNING = "AWS::ECR::RegistryScanningConfiguration"
SIGNING = "AWS::ECR::SigningConfiguration"
PULL_TIME_EXCLUSION = "AWS::ECR::PullTimeUpdateExclusion"
ECR_TYPES = (
    REPOSITORY,
    PUBLIC_REPOSITORY,
    CACHE,
    CREATION_TEMPLATE,
    REPLICATION,
    REGISTRY_POLICY,
    SCANNING,
    SIGNING,
    PULL_TIME_EXCLUSION,
)
SINGLETONS = (REPLICATION, REGISTRY_POLICY, SCANNING, SIGNING)

KEY = "AWS::KMS::Key"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
TOPIC = "AWS::SNS::Topic"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
EVENT_RULE = "AWS::Events::Rule"
ROLE = "AWS::IAM::Role"
IDENTITIES = (ROLE, "AWS::IAM::User", "AWS::IAM::Group")
POLICIES = (
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
