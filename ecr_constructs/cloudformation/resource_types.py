"""The resource types of rules and reviews."""

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
REPLICA_KEY = "AWS::KMS::ReplicaKey"
ALIAS = "AWS::KMS::Alias"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
TOPIC = "AWS::SNS::Topic"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
TOPIC_INLINE_POLICY = "AWS::SNS::TopicInlinePolicy"
TOPIC_POLICIES = (TOPIC_POLICY, TOPIC_INLINE_POLICY)
EVENT_RULE = "AWS::Events::Rule"
QUEUE = "AWS::SQS::Queue"
QUEUE_POLICIES = ("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy")
ALARM = "AWS::CloudWatch::Alarm"
SIGNING_PROFILE = "AWS::Signer::SigningProfile"
# Stock CDK's custom resource that empties a repository before it is deleted.
AUTO_DELETE_IMAGES = "Custom::ECRAutoDeleteImages"
ROLE = "AWS::IAM::Role"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
USER = "AWS::IAM::User"
IDENTITIES = (ROLE, USER, "AWS::IAM::Group")
POLICIES = (
    "AWS::IAM::Policy",
    MANAGED_POLICY,
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
OIDC_PROVIDER = "AWS::IAM::OIDCProvider"
# That of iam.OpenIdConnectProvider of the stock CDK, by a Lambda function.
CDK_OIDC_PROVIDER = "Custom::AWSCDKOpenIdConnectProvider"
FUNCTION = "AWS::Lambda::Function"
SAM_FUNCTION = "AWS::Serverless::Function"
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
VPC_ENDPOINT = "AWS::EC2::VPCEndpoint"
SECURITY_GROUP = "AWS::EC2::SecurityGroup"
SECURITY_GROUP_INGRESS = "AWS::EC2::SecurityGroupIngress"
HOSTED_ZONE = "AWS::Route53::HostedZone"
RELATED_TYPES = (
    *ECR_TYPES,
    *POLICIES,
    *IDENTITIES,
    EVENT_RULE,
    KEY,
    REPLICA_KEY,
    ALIAS,
    SECRET,
    TOPIC,
    *TOPIC_POLICIES,
    ALARM,
)
"""The types of ECR, and those that configurations of ECR consist of."""
# Clusters and their nodes, also those of the stock CDK's eks.Cluster.
EKS_TYPES = ("AWS::EKS::Cluster", "AWS::EKS::Nodegroup", "Custom::AWSCDK-EKS-Cluster")
