"""Templates that are, or may be, correct: no rule reports anything."""

from typing import Any

import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.cloudformation.resource_types import (
    AUTO_DELETE_IMAGES,
    EVENT_RULE,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    SECRET,
    SIGNING,
    SIGNING_PROFILE,
    TOPIC_INLINE_POLICY,
    TOPIC_POLICY,
)
from tests.support.rule_examples.access import (
    ORGANIZATION,
    PULL,
    anyone_with,
    key_of_images,
    may_also,
    open_to,
    pulled_by,
    registry,
    role,
    trusting,
)
from tests.support.rule_examples.build import (
    ABSENT,
    EVERYTHING,
    HERE,
    HOME,
    HOST,
    KEEPS,
    OIDC,
    OWN_ROLE,
    OWN_ROOT,
    QUEUE,
    ROOT,
    allow,
    api,
    asks,
    assumed_by,
    attached,
    cache,
    ci_role,
    document,
    get_att,
    inline,
    key,
    kms,
    lent,
    one_template,
    policy,
    quay,
    repository,
    resource,
    rule,
    scanning,
    service_role,
    template,
    upstream,
    with_role,
)
from tests.support.rule_examples.ci_trust import EKS, SELF_HOSTED, assumed, claim, provided
from tests.support.rule_examples.consumers import (
    LAYERS,
    LET_IN,
    endpoint,
    fargate,
    function,
    grouped,
    logged_in,
    port,
    reads,
    storage,
    worker,
)
from tests.support.rule_examples.consumers import PUSH as PUSH_IMAGE
from tests.support.rule_examples.events import (
    BITBUCKET,
    CIRCLECI,
    FOUND,
    PUSH,
    SCAN,
    UUID,
    alarm,
    ci,
    github,
    on,
    topic,
)
from tests.support.rule_examples.repositories import tag_filters

UNKNOWN = {"Ref": "Given"}
PARTNER = {"AWS": ROOT}
VIRGINIA, GOVCLOUD = ("111122223333", "us-east-1"), ("111122223333", "us-gov-west-1")
INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
ORG_ID, CALLER = "aws:PrincipalOrgID", "aws:PrincipalArn"
NO_ORGANIZATION = {"Null": {ORG_ID: "true"}}
EXCLUDING = {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}
ARCHIVE = rule(1, "transition", images=50, tagStatus="any")
IN_ARCHIVE = {"storageClass": "archive", "countType": "sinceImageTransitioned"}
EXPIRE = rule(2, tagStatus="any", **IN_ARCHIVE, countUnit="days", countNumber=365)
ENHANCED = scanning(ScanType="ENHANCED", Rules=[EVERYTHING])
EVENTBRIDGE = {"Service": "events.amazonaws.com"}
PUBLISH = document(allow("sns:Publish", Principal=EVENTBRIDGE, Resource="*"))
UNIT = {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}
FROM_MAIN = {
    "StringEquals": {
        f"{HOST}:aud": "sts.amazonaws.com",
        f"{HOST}:sub": "repo:acme/payments:ref:refs/heads/main",
    }
}
OWN_BUCKETS = {"StringEquals": {"aws:ResourceAccount": "111122223333"}}
PATHS = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}


PARTLY_KNOWN = (
    '{"rules":[{"rulePriority":${Given},"selection":{"tagStatus":"tagged",'
    '"tagPatternList":["${Given}*","v${Given}"],"countType":"imageCountMoreThan",'
    '"countNumber":${Given}},"action":{"type":"${Given}"}},{"rulePriority":9,"selection":'
    '{"tagStatus":"tagged","tagPrefixList":["${Given}"],"countType":"sinceImagePushed",'
    '"countUnit":"days","countNumber":9},"action":{"type":"expire"}}]}'
)
ALL_BUT_IAM = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
LOGINS = (
    allow([*PULL, "ecr:GetAuthorizationToken"], Resource=f"{HERE}:repository/a"),
    allow("ecr:GetAuthorizationToken", Resource="*"),
)


def policy_of(statement: Any) -> dict[str, Any]:
    """Return a repository with a policy of this content."""
    return api(RepositoryPolicyText={"Statement": statement})


def denied(condition: dict[str, Any]) -> dict[str, Any]:
    """Return a repository with a policy that denies everyone under a condition."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
    return policy_of({**statement, "Condition": condition})


def filtered(**properties: Any) -> dict[str, Any]:
    """Return a repository with exclusion filters."""
    filters = properties.pop("filters")
    return api(ImageTagMutabilityExclusionFilters=filters, **properties)


def assumed_with(test: dict[str, Any], enterprise: str = "") -> dict[str, Any]:
    """Return a role for GitHub Actions with a test beside that of the audience."""
    audience = {f"{HOST}{enterprise}:aud": "sts.amazonaws.com"}
    return ci_role(f"{HOST}{enterprise}", StringEquals={**audience, **test})


def subscribed(**properties: Any) -> dict[str, Any]:
    """Return a topic of image events with a policy."""
    kind = TOPIC_INLINE_POLICY if "TopicArn" in properties else TOPIC_POLICY
    return topic(UNKNOWN) | {"Policy": resource(kind, {"PolicyDocument": PUBLISH, **properties})}


def unscanned(**properties: Any) -> dict[str, Any]:
    """Return a repository that does not scan on push by itself."""
    return api(ImageScanningConfiguration=ABSENT, **properties)


def pulled_through(prefix: str, **others: Any) -> dict[str, Any]:
    """Return a cache, and a role that may pull images from repositories with a prefix."""
    task = role("ecr:BatchGetImage", Resource=f"{HERE}:repository/{prefix}/*")
    return {**cache(), **task, **others}


def one_of_two(content: dict[str, Any]) -> dict[str, Any]:
    """Return two resources, of which a deployment creates one."""
    conditions = {"One": "Perhaps", "Two": "PerhapsNot"}
    return {name: {**content, "Condition": condition} for name, condition in conditions.items()}


CORRECT: dict[str, dict[str, Any]] = {
    # Policies.
    "a statement that is not known": policy_of([UNKNOWN]),
    "a statement alone": policy_of(allow(PULL, Principal=PARTNER)),
    "a condition that is not known": pulled_by("*", Condition=UNKNOWN),
    "a test that is not known": pulled_by(
        {"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": UNKNOWN}
    ),
    "a key of its own": pulled_by(PARTNER, Condition={"Null": {"aws:SourceWhatever": "true"}}),
    "an assumed role": pulled_by({"AWS": "arn:aws:sts::444455556666:assumed-role/a/b"}),
    "everything within the account": open_to("ecr:*", Principal={"AWS": OWN_ROOT}),
    "a role of the account": open_to("ecr:*", Principal={"AWS": get_att("Task")})
    | role(PULL, Resource="*"),
    "a Deny for everyone": denied(INSECURE),
    "nobody without an organization": denied(NO_ORGANIZATION),
    "an organization": pulled_by({"AWS": "*"}, Condition=ORGANIZATION),
    "an organization that is not known": anyone_with("StringEquals", ORG_ID, UNKNOWN),
    "its own organization": anyone_with("StringEquals", ORG_ID, "${aws:ResourceOrgID}"),
    "a part of an organization": pulled_by("*", Condition=PATHS),
    "endpoints of an organization": anyone_with("StringEquals", "aws:VpceOrgID", "o-a1b2c3d4e5"),
    "services of AWS": anyone_with("Bool", "aws:PrincipalIsAWSService", "true"),
    "roles of an account": anyone_with("ArnLike", CALLER, "arn:aws:iam::444455556666:role/*"),
    "whoever is not known": anyone_with("ArnEquals", CALLER, UNKNOWN),
    "an action that is not known": role(UNKNOWN, Resource="*"),
    "an operation that is new": role("ecr:StartReplicationBackfill", Resource="*"),
    "all actions of a service": role("ecr:Describe*", Resource="*"),
    "any repository in an ARN": role(PULL, Resource=f"{HERE}:*"),
    "everything that has a tag": role(
        "ecr:*", Resource="*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}
    ),
    "a login that another statement allows": {
        "Task": resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": document(*LOGINS)})
    },
    "ARNs with variables": role(
        PULL,
        Resource=[
            {"Fn::Sub": "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/a/*"},
            "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
            get_att("Api"),
            "arn:aws:ecr:*",
        ],
    )
    | api(),
    # Pull through caches and their secrets.
    "another upstream": upstream("acme.io", UpstreamRegistry=UNKNOWN),
    "a prefix that is not known": cache(EcrRepositoryPrefix=UNKNOWN),
    "a URL that is not known": cache(UpstreamRegistryUrl=UNKNOWN),
    "a cache of every repository": {"Quay": quay("ROOT")},
    "a secret of a parameter": cache(CredentialArn=UNKNOWN),
    "a secret of a stack": cache(CredentialArn=get_att("Stack", "Outputs.Arn"))
    | {"Stack": {"Type": "AWS::CloudFormation::Stack"}},
    "a credential in several parts": cache()
    | {
        "Login": resource(
            SECRET,
            {
                "Name": "ecr-pullthroughcache/a",
                "SecretString": {"Fn::Join": ["", [UNKNOWN]]},
            },
        )
    },
    "a secret of no cache": {
        "Login": resource(SECRET, {"Name": "app/login", "SecretString": '{"user": "a"}'})
    },
    "a cache that everyone of the account may fill": pulled_through(
        "hub",
        **registry(
            ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
            Principal={"AWS": OWN_ROOT},
            Resource="*",
        ),
    ),
    "a cache whose repositories say who may": pulled_through(
        "hub", **one_template(Prefix="hub", RepositoryPolicy=UNKNOWN)
    ),
    "who pulls what is no cache's": pulled_through("payments"),
    # Roles of caches and creation templates.
    "a role of many": cache(CustomRoleArn=UNKNOWN),
    "a role of a cache": cache(CustomRoleArn=get_att("Role")) | {"Role": service_role("ecr")},
    "a role that is not known": with_role(get_att("Maker"), Maker={"Type": "Custom::Role"}),
    "a role with more policies": lent(Policies=inline(["s3:GetObject"]))
    | attached(document(allow("ecr:CreateRepository", Resource="*")), "AWS::IAM::ManagedPolicy"),
    "a role with a policy of AWS": lent(
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"]
    ),
    "a role with a policy that is not known": lent() | attached(UNKNOWN),
    "a role with what may be a policy": lent(Policies=[*inline(["s3:*"]), UNKNOWN]),
    "a policy that may be anyone's": {
        **lent(),
        "More": policy("AWS::IAM::Policy", "ecr:CreateRepository", Roles=[UNKNOWN]),
    },
    "a policy of a role's name": {
        **lent(RoleName="create"),
        "More": policy("AWS::IAM::RolePolicy", "ecr:CreateRepository", RoleName="create"),
    },
    "all but something": lent() | attached(document(ALL_BUT_IAM), "AWS::IAM::ManagedPolicy"),
    "a template for pushes": one_template(Prefix="ROOT", AppliedFor=["CREATE_ON_PUSH"]),
    "occasions that are not known": one_template(AppliedFor=UNKNOWN),
    # Repositories.
    "a function beside properties": api(**{"Fn::Transform": {"Name": "AWS::Include"}}),
    "a function inside of a property": one_template(
        EncryptionConfiguration={"Fn::Transform": {"Name": "x"}, "KmsKey": UNKNOWN}
    ),
    "what is not made": {
        "Api": {**repository(RepositoryName="BAD"), "Condition": "Never"},
        "Copies": repository(),
    },
    "broken functions": api(Tags=[{"Key": "a", "Value": {"Ref": ["b"]}}, {"Fn::Sub": 5}]),
    "a key of a custom resource": kms(get_att("Maker"), Maker={"Type": "Custom::Key"}),
    "a key of a parameter": kms(get_att("It", "Value"), It={"Type": "AWS::SSM::Parameter"}),
    "exclusion filters": filtered(filters=tag_filters("cache-*"), **EXCLUDING),
    "exclusion filters that are not known": filtered(filters=UNKNOWN, **EXCLUDING),
    "filters that may be absent": filtered(filters={"Fn::If": ["Perhaps", [], UNKNOWN]}),
    "a mutability of an unknown condition": api(
        ImageTagMutability={"Fn::If": ["Perhaps", "MUTABLE", "IMMUTABLE"]}
    ),
    "archive rules": api(ARCHIVE, EXPIRE),
    "a name known at deployment": api(RepositoryName={"Fn::Sub": "${Given}/api"}),
    "everything known at deployment": api(
        RepositoryName=UNKNOWN,
        ImageTagMutability=UNKNOWN,
        ImageScanningConfiguration=UNKNOWN,
        LifecyclePolicy={"LifecyclePolicyText": UNKNOWN},
        RepositoryPolicyText=UNKNOWN,
        EncryptionConfiguration=UNKNOWN,
        EmptyOnDelete=UNKNOWN,
        Tags=UNKNOWN,
    ),
    "truth as text": api(ImageScanningConfiguration={"ScanOnPush": "true"}),
    "one of two of a name": one_of_two(repository(RepositoryName="a/b")),
    "parameters between valid characters": api(
        RepositoryName={"Fn::Sub": "${Given}/app__${Given}-x"}
    ),
    "a count and an age beside an unknown number": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": PARTLY_KNOWN}}
    ),
    "a policy with an unknown rule": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": '{"rules":[${Given}]}'}}
    ),
    "a policy with unknown structure": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": '{"rules":[{${Given}]}'}}
    ),
    "the standard storage class": api(rule(1, images=9, tagStatus="any", storageClass="standard")),
    "AES256 that is declared": api(EncryptionConfiguration={"EncryptionType": "AES256"}),
    "imported material": kms(get_att("Key"), Key=key(Origin="EXTERNAL", EnableKeyRotation=False)),
    "a replica key": kms(
        get_att("Key"), Key=resource("AWS::KMS::ReplicaKey", {"PrimaryKeyArn": UNKNOWN})
    ),
    "scanning that an unknown filter selects": unscanned(RepositoryName="dev/api")
    | scanning(
        ScanType="BASIC",
        Rules=[
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": UNKNOWN, "FilterType": "WILDCARD"}],
            }
        ],
    ),
    "scanning by unknown filters": unscanned()
    | scanning(
        ScanType="BASIC", Rules=[{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": UNKNOWN}]
    ),
    "scanning by an unknown rule": unscanned() | scanning(ScanType="BASIC", Rules=[UNKNOWN]),
    "scanning by unknown rules": unscanned() | scanning(ScanType="BASIC", Rules=UNKNOWN),
    "scanning of names that contain a word": unscanned(RepositoryName="dev/api")
    | scanning(
        ScanType="BASIC",
        Rules=[
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": "dev", "FilterType": "WILDCARD"}],
            }
        ],
    ),
    "a custom resource that is retained": {
        **api(),
        "Empty": resource(
            AUTO_DELETE_IMAGES, {"RepositoryName": {"Ref": "Api"}, "ServiceToken": "x"}, **KEEPS
        ),
    },
    "a custom resource of an untagged repository": {
        **api(),
        "Empty": resource(
            AUTO_DELETE_IMAGES, {"RepositoryName": {"Ref": "Api"}, "ServiceToken": "x"}
        ),
    },
    "a custom resource of a repository elsewhere": {
        "Empty": resource(AUTO_DELETE_IMAGES, {"RepositoryName": "a", "ServiceToken": "x"}),
    },
    "retained but for a failed creation": api(DeletionPolicy="RetainExceptOnCreate"),
    "a type of a module": {"Api": {"Type": "AWS::ECR::Repository::MODULE"}},
    "attributes of other types": {
        **api(
            Tags=[
                {"Key": "a", "Value": get_att("Stack", "Outputs.A")},
                {"Key": "b", "Value": get_att("Any", "B")},
                {"Key": "c", "Value": get_att("Db", "Endpoint.Address")},
                {"Key": "d", "Value": get_att("New", "Any")},
            ]
        ),
        "Stack": {"Type": "AWS::CloudFormation::Stack"},
        "Any": {"Type": "Custom::Any"},
        "Db": {"Type": "AWS::RDS::DBInstance"},
        "New": {"Type": "AWS::New::Thing"},
    },
    # Registries.
    "one of two": one_of_two(
        registry(PULL, Principal=PARTNER, Resource=f"{HERE}:repository/*")["Policy"]
    ),
    "signing that is not known": {"Signing": resource(SIGNING, {"Rules": UNKNOWN})},
    "an exclusion not known": {"It": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": UNKNOWN})},
    "a scan type that is not known": scanning(ScanType=UNKNOWN, Rules=[]),
    "a profile for images": {
        "Signing": resource(SIGNING, {"Rules": [{"SigningProfileArn": get_att("Profile")}]}),
        "Profile": resource(SIGNING_PROFILE, {"PlatformId": "Notation-OCI-SHA384-ECDSA"}),
    },
    "a key that lets the role use it": {
        **lent(Policies=inline("ecr:CreateRepository")),
        **one_template(
            CustomRoleArn=get_att("Role"),
            EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
        ),
        "Key": key(
            KeyPolicy=document(allow("kms:*", Principal={"AWS": get_att("Role")}, Resource="*"))
        ),
    },
    "a key whose policy is not known": {
        **lent(Policies=inline("ecr:CreateRepository")),
        **one_template(
            CustomRoleArn=get_att("Role"),
            EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
        ),
        "Key": key(KeyPolicy=document(UNKNOWN)),
    },
    "a creation template of pushes and a cache": one_template(
        AppliedFor=["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"],
        ImageTagMutability="MUTABLE",
        LifecyclePolicy=ABSENT,
    ),
    # Alarms.
    "an alarm on pulls": api()
    | alarm(
        Dimensions=[{"Name": "RepositoryName", "Value": {"Ref": "Api"}}],
        AlarmActions=[{"Ref": "Topic"}, "arn:aws:sns:x", UNKNOWN],
        Period=10,
        EvaluationPeriods=UNKNOWN,
    )
    | {"Topic": {"Type": "AWS::SNS::Topic"}},
    "an alarm on a metric of one's own": alarm(
        Namespace="Acme/ECR", MetricName="ImageCount", ComparisonOperator="x"
    ),
    "an alarm on usage": alarm(
        Namespace="AWS/Usage",
        MetricName="CallCount",
        Dimensions=[
            {"Name": "Type", "Value": "API"},
            {"Name": "Resource", "Value": "PutImage"},
            {"Name": "Service", "Value": "ECR"},
            {"Name": "Class", "Value": "None"},
        ],
    ),
    "an alarm that is not known": alarm(MetricName=UNKNOWN, Dimensions=UNKNOWN, Namespace=UNKNOWN),
    "an unknown metric of ECR": alarm(MetricName=UNKNOWN),
    "dimensions that are not known": alarm(Dimensions=UNKNOWN),
    "a dimension that is no text": alarm(Dimensions=[{"Name": "RepositoryName", "Value": 5}]),
    "a dimension that is not known": alarm(Dimensions=[{"Name": UNKNOWN, "Value": 5}]),
    "metric math": alarm(
        Namespace=ABSENT,
        MetricName=ABSENT,
        Dimensions=ABSENT,
        Metrics=[
            {"Id": "a", "Expression": "SEARCH('{AWS/ECR,RepositoryName}', 'Sum', 60)"},
            {"Id": "b", "Expression": 'SELECT SUM(RepositoryPullCount) FROM "AWS/ECR"'},
            {"Id": "c", "MetricStat": UNKNOWN},
            {"Id": "d", "Expression": "a + b"},
        ],
    ),
    # Functions.
    "functions of valid arguments": api(
        RepositoryName={"Fn::Join": ["/", {"Ref": "Given"}]},
        Tags=[
            {"Key": "a", "Value": {"Fn::Select": [UNKNOWN, ["a"]]}},
            {"Key": "b", "Value": {"Fn::Select": [9, {"Fn::GetAZs": ""}]}},
            {"Key": "c", "Value": {"Fn::FindInMap": [UNKNOWN, "a", "b"]}},
            {"Key": "d", "Value": {"Fn::If": ["Perhaps", "a", "b"]}},
            {"Key": "e", "Value": {"Fn::If": ["Perhaps", {"Fn::Select": [9, ["a"]]}, "b"]}},
        ],
    ),
    "a reference to what exists under the same condition": {
        "Api": {**kms(get_att("Key"))["Api"], "Condition": "Perhaps"},
        "Key": {**key(), "Condition": "Perhaps"},
    },
    "a guarded reference": {
        **api(Tags=[{"Key": "a", "Value": {"Fn::If": ["Perhaps", get_att("Key"), "x"]}}]),
        "Key": {**key(), "Condition": "Perhaps"},
    },
    # Events and their topics.
    "a pattern as text": {
        "Rule": resource(
            EVENT_RULE,
            {
                "EventPattern": '{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}',
                "Targets": [QUEUE],
            },
        )
    },
    "patterns that are not known": {
        "Text": resource(EVENT_RULE, {"EventPattern": "{", "Targets": [QUEUE]}),
        "Unknown": resource(EVENT_RULE, {"EventPattern": UNKNOWN, "Targets": [QUEUE]}),
        "Schedule": resource(EVENT_RULE, {"ScheduleExpression": "rate(1 day)"}),
    },
    "an API call of public repositories": on(
        "AWS API Call via CloudTrail", source="aws.ecr-public"
    ),
    "an event of one's own": on(PUSH, source="acme.images"),
    "every event but one": on({"anything-but": ["ECR Image Scan"]}),
    "every field that events have": on(PUSH, account=["1"], extra=[{"exists": False}]),
    "a name that begins with a text": on(PUSH, detail={"repository-name": [{"prefix": "a/"}]}),
    "a name that is a number": on(PUSH, detail={"repository-name": [5, {"suffix": "b"}]}),
    "findings of Inspector": on(
        FOUND,
        source="aws.inspector2",
        detail={
            "severity": ["HIGH", "CRITICAL"],
            "resources": {
                "type": ["AWS_ECR_CONTAINER_IMAGE"],
                "details": {"awsEcrContainerImage": {"repositoryName": ["a"]}},
            },
        },
    ),
    "scans of Inspector name a repository by its ARN": on(
        "Inspector2 Scan",
        source="aws.inspector2",
        detail={"repository-name": [f"{HERE}:repository/a"]},
    ),
    "alternatives of counts": on(
        SCAN,
        detail={
            "finding-severity-counts": {
                "$or": [{"HIGH": [{"numeric": [">", 0]}]}, {"CRITICAL": [{"numeric": [">", 0]}]}]
            }
        },
    ),
    "alternatives that are not known": on(PUSH, detail={"$or": [UNKNOWN, {"result": ["SUCCESS"]}]}),
    "a nested value of a plain field": on(PUSH, detail={"image-tag": {"x": ["y"]}}),
    "targets of every kind": {
        **on(
            PUSH,
            targets=[
                {"Arn": get_att("Queue"), "Id": "a", "RoleArn": UNKNOWN},
                {"Arn": get_att("Code"), "Id": UNKNOWN},
                {"Arn": get_att("Topic", "TopicArn"), "Id": "c", "RoleArn": UNKNOWN},
                {"Arn": UNKNOWN, "Id": UNKNOWN},
            ],
        ),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Code": {"Type": "AWS::Lambda::Function"},
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
    "a queue that EventBridge may send to": {
        **on(PUSH, targets=[{"Arn": get_att("Queue"), "Id": "Queue"}]),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Policy": resource(
            "AWS::SQS::QueuePolicy",
            {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": document(
                    allow("sqs:SendMessage", Principal=EVENTBRIDGE, Resource="*")
                ),
            },
        ),
    },
    "a queue with a policy of its own": {
        **on(PUSH, targets=[{"Arn": get_att("Queue"), "Id": "Queue"}]),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Policy": resource(
            "AWS::SQS::QueueInlinePolicy", {"Queue": UNKNOWN, "PolicyDocument": UNKNOWN}
        ),
    },
    "a topic without a key": {
        **subscribed(Topics=[{"Ref": "Topic"}]),
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
    "another scanner, perhaps": {
        "Scanning": {**ENHANCED["Scanning"], "Condition": "Perhaps"},
        **on(SCAN),
    },
    "a rule for each scanner": {
        **ENHANCED,
        "Basic": asks("aws.ecr", SCAN),
        "Enhanced": asks("aws.inspector2", FOUND),
    },
    "a basic scan": scanning(ScanType="BASIC", Rules=[]) | on(SCAN),
    "what ECR does by itself": on("AWS Service Event via CloudTrail"),
    "a call of the API": on("AWS API Call via CloudTrail"),
    "a pattern of prefixes": on({"prefix": "ECR"}),
    "a name, and what was done": on(
        PUSH, detail={"action-type": ["PUSH"], "repository-name": ["a"], "image-tag": ["b"]}
    ),
    "a field that no event has": on(
        PUSH, detail={"signature": [{"exists": False}], "result": [{"anything-but": "SUCCESS"}]}
    ),
    "a field of findings that may be newer": on(
        FOUND, source="aws.inspector2", detail={"signature": ["a"]}
    ),
    "details of another event": on("ECR Artifact Action", detail={"action": ["x"]}),
    "a topic that a role publishes to": topic(UNKNOWN, RoleArn=f"{OWN_ROLE}/events"),
    "a topic whose policy is not known": {
        **subscribed(Topics=[{"Ref": "Topic"}], PolicyDocument=UNKNOWN),
        "Others": resource(TOPIC_POLICY, {"Topics": ["arn:aws:sns:x"], "PolicyDocument": PUBLISH}),
    },
    "a policy of what may be the topic": subscribed(Topics=[UNKNOWN]),
    "a topic with a policy of its own": subscribed(TopicArn={"Ref": "Topic"}),
    # CI.
    "the repository's number": assumed_with(
        {f"{HOST}:repository_id": "1234", f"{HOST}:sub": "repo:acme/a:environment:prod"}
    ),
    "a provider of an unknown issuer": {
        "A": resource("AWS::IAM::OIDCProvider", {"Url": UNKNOWN}),
        "B": resource("AWS::IAM::OIDCProvider", {"Url": UNKNOWN}),
        "C": resource("AWS::IAM::OIDCProvider", {}),
        "D": resource("AWS::IAM::OIDCProvider", {}),
    },
    "an environment and a branch": assumed_with(
        {
            f"{HOST}:sub": "repo:acme/a:environment:prod",
            f"{HOST}:ref": "refs/heads/main",
            f"{HOST}:repository_owner_id": "1",
            f"{HOST}:email": "a@example.com",
        }
    ),
    "an issuer of an enterprise": assumed_with(
        {f"{HOST}/acme:sub": "repo:acme/a:pull_request"}, "/acme"
    ),
    "claims of one's own": github(sub="repository_id:1234"),
    "a subject that is not known": github(sub=UNKNOWN),
    "ids that are left open": github(sub="repo:acme@*/payments@*:ref:refs/heads/main"),
    "ids of GitHub": github(sub="repo:acme@1/payments@2:ref:refs/heads/main"),
    "a role for one branch": github(sub="repo:acme/payments:ref:refs/heads/main"),
    "a role for several repositories": github(sub=["repo:acme/a:*", "repo:acme/b:*"]),
    "a group of GitLab": ci("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main"),
    "a deploy-time project of GitLab": ci("gitlab.com", UNKNOWN),
    "a repository of Bitbucket": ci(BITBUCKET, f"{{{UUID}}}:*"),
    "an origin of CircleCI": ci(
        CIRCLECI,
        f"org/{UUID}/project/*/user/*/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main",
    ),
    "a claim of CircleCI": ci(CIRCLECI, UUID, "StringEquals", "oidc.circleci.com/project-id"),
    # Access that is limited, or that nobody can narrow.
    "the own organization by its resource": anyone_with(
        "StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"
    ),
    "the own account by its resource": anyone_with(
        "StringEquals", "aws:PrincipalAccount", "${aws:ResourceAccount}"
    ),
    "units that must be present": pulled_by(
        "*", Condition={"ForAllValues:StringLike": UNIT, "Null": {"aws:PrincipalOrgPaths": "false"}}
    ),
    "everyone but somebody of an organization": open_to(
        PULL, NotPrincipal=PARTNER, Condition=ORGANIZATION
    ),
    "deleting within the account": open_to(
        "ecr:BatchDeleteImage",
        Principal="*",
        Condition={"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}},
    ),
    "a function's service that sets the policy": open_to(
        [*PULL, "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"],
        Principal={"Service": "lambda.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{HOME[0]}:function:*"}},
    ),
    "deleting everywhere but where it is denied": may_also(
        [
            allow("ecr:BatchDeleteImage", Resource="*"),
            {"Effect": "Deny", "Action": "ecr:BatchDelete*", "NotResource": f"{HERE}:repository/a"},
        ]
    ),
    "a policy of the registry": role("ecr:PutRegistryPolicy", Resource="*"),
    "an administrator": role("*", Resource="*"),
    "pushing to what is not known": role("ecr:PutImage", Resource=UNKNOWN),
    "pushing to a prefix that is not known": role(
        "ecr:PutImage", Resource={"Fn::Sub": f"{HERE}:repository/${{Given}}"}
    ),
    "exceptions that are not known": role("ecr:Put*", Resource=ABSENT, NotResource=UNKNOWN),
    "actions that are not known": may_also(
        {"Effect": "Allow", "NotAction": [UNKNOWN], "Resource": "*"}
    ),
    "replication into every repository": registry(
        ["ecr:CreateRepository", "ecr:ReplicateImage"],
        Principal=PARTNER,
        Resource=f"{HERE}:repository/*",
    ),
    "a role of everyone with a shared secret": trusting(
        "*", Condition={"StringEquals": {"sts:ExternalId": "secret"}}
    ),
    "a role of everyone that has nothing to do with ECR": {
        "Role": assumed_by(allow("sts:AssumeRole", Principal="*"))
    },
    "a Deny for some in a key": key_of_images(
        allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*"),
        {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}
        | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
    ),
    "a policy of a key that is not known": key_of_images(UNKNOWN),
    "a Deny of one action": denied({})
    | policy_of({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}),
    "managed policies": {
        "Task": service_role(
            "ecs-tasks",
            ManagedPolicyArns=[
                "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
                "arn:aws:iam::aws:policy/service-role/AWSAppRunnerServicePolicyForECRAccess",
                "arn:aws:iam::aws:policy/AmazonECSComputeThatIsNewer",
                "arn:aws:iam::aws:policy/AmazonECRSomethingEntirelyUnheardOfUntilToday",
                get_att("Api"),
            ],
        ),
        **api(),
    },
    "a public ARN": role("ecr-public:PutImage", Resource=f"arn:aws:ecr-public::{HOME[0]}:*"),
    "a policy of others with mistakes": role("s3.GetObject", Resource=ABSENT, Sid="a b"),
    # Consumers.
    "moving a tag": logged_in(["ecr:BatchGetImage", "ecr:PutImage"]),
    "reading manifests": worker(allow("ecr:BatchGetImage", Resource=f"{HERE}:repository/a")),
    "a function that reads layers": worker(
        allow(PULL, Resource=f"{HERE}:repository/a"), service="lambda"
    ),
    "layers that the repository's policy allows": worker(
        allow("ecr:GetAuthorizationToken", Resource="*"),
        allow("ecr:BatchGetImage", Resource=f"{HERE}:repository/a"),
    )
    | open_to("ecr:GetDownloadUrlForLayer", Principal={"AWS": OWN_ROOT}),
    "pushes": logged_in(PUSH_IMAGE),
    "a login to ECR Public": worker(
        allow(["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], Resource="*")
    ),
    "an image that is not known": function(UNKNOWN),
    "an image of a deploy-time registry": function({"Fn::Sub": "${Given}/api:v1"}),
    "a function from a file": {"Function": resource("AWS::Lambda::Function", {"Code": UNKNOWN})},
    "a task with a public image": fargate("public.ecr.aws/nginx/nginx:1"),
    "a task with an image that is not known": fargate(UNKNOWN),
    "a task with several images": fargate([UNKNOWN]),
    "a task on instances": {
        "Job": resource(
            "AWS::ECS::TaskDefinition", {"ContainerDefinitions": [{"Name": "a", "Image": "b"}]}
        )
    },
    "a task with a role of others": fargate(role=f"{OWN_ROLE}/execution"),
    "a task with a managed role": fargate(
        role=get_att("Task"),
        Task=service_role(
            "ecs-tasks",
            ManagedPolicyArns=[
                "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
            ],
        ),
    ),
    # VPC endpoints.
    "an endpoint of a service that is not known": endpoint(UNKNOWN),
    "an endpoint of another service": endpoint("logs", VpcEndpointType=ABSENT),
    "an endpoint of ECR Public": endpoint("ecr-public.api"),
    "an endpoint with FIPS": endpoint("ecr.dkr-fips"),
    "an endpoint of a type that is not known": endpoint(VpcEndpointType=UNKNOWN),
    "an endpoint of another Region": endpoint(
        ServiceName="com.amazonaws.us-east-1.ecr.api", ServiceRegion="us-east-1"
    ),
    "an endpoint with a hosted zone": endpoint(PrivateDnsEnabled=False)
    | {"Zone": resource("AWS::Route53::HostedZone", {"Name": "dkr.ecr.example"})},
    "an endpoint for pulls": endpoint(PolicyDocument=document(*LET_IN)),
    "an endpoint whose policy is not known": endpoint(PolicyDocument=UNKNOWN),
    "an endpoint that denies deletions": endpoint(
        PolicyDocument=document(
            allow("*", Principal="*", Resource="*"),
            {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDelete*", "Resource": "*"},
        )
    ),
    "an endpoint for an organization": endpoint(
        PolicyDocument=document(
            allow("*", Principal="*", Resource="*", Condition=ORGANIZATION),
        )
    ),
    "layers, and the own buckets": storage(
        reads(LAYERS),
        allow("s3:*", Principal="*", Resource="*", Condition=OWN_BUCKETS),
    ),
    "all but a bucket": storage(
        {"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::a/*"}
    ),
    "storage without ECR": endpoint(
        "s3", VpcEndpointType="Gateway", PolicyDocument=document(reads("arn:aws:s3:::a/*"))
    ),
    "a security group for HTTPS": grouped(port(0, 65535)),
    "a security group for everything": grouped({"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}),
    "a security group of a port that is not known": grouped(port(UNKNOWN)),
    "a security group of a rule that is not known": grouped(UNKNOWN),
    "a security group with rules of its own": grouped()
    | {"Rule": resource("AWS::EC2::SecurityGroupIngress", {"GroupId": {"Ref": "Group"}})},
    "a security group of rules that are not known": grouped(SecurityGroupIngress=UNKNOWN),
    "security groups of others": endpoint(SecurityGroupIds=["sg-0a1b2c3d", get_att("Api")]) | api(),
    "a statement for the tags of sessions": {
        "Push": assumed_by(
            allow("sts:TagSession", Principal={"Federated": f"{OIDC}/{HOST}"}, Condition=FROM_MAIN),
        )
    },
    "two branches that are limited": pulled_by(
        {"Fn::If": ["Perhaps", PARTNER, {"AWS": OWN_ROOT}]},
        Condition={"Fn::If": ["Never", UNKNOWN, {"Ref": "AWS::NoValue"}]},
    ),
    "a Deny in a trust policy": {
        "Task": assumed_by(
            {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
            Policies=inline([*PULL, "ecr:GetAuthorizationToken"], Sid="Pull1"),
        )
    },
    "nodes beside an endpoint of an unknown policy": {
        **endpoint(PolicyDocument=UNKNOWN),
        "Nodes": resource("AWS::EKS::Nodegroup", {}),
    },
    "nodes beside an endpoint without a policy": {
        **endpoint(),
        "Nodes": resource("AWS::EKS::Nodegroup", {}),
    },
    "what is not a security group": endpoint(SecurityGroupIds=[get_att("Api")]) | api(),
    # Other providers of identities.
    "any subject of a repository by claim": claim(
        "sub",
        "repo:*",
        StringEquals={f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:repository_id": "1"},
    ),
    "an organization of Google": ci_role(
        "accounts.google.com",
        NumericEquals={"accounts.google.com:google/organization_number": "1"},
    ),
    "a workflow of one's own": claim("job_workflow_ref", "acme/ci/.github/workflows/a.yml@*"),
    "a subject that begins with a number": claim("sub", "repository_id:1234:environment:prod"),
    "a subject of an owner and a repository": claim(
        "sub", "repository_owner:acme:repo:acme/payments:environment:prod"
    ),
    "any third part": claim("sub", "repo:acme/payments:*"),
    "any ref": claim("sub", "repo:acme/payments:ref:*"),
    "tags only": claim("sub", "repo:acme/payments:ref:refs/t*"),
    "a context of one's own": claim("sub", "repo:acme/payments:actor:octocat"),
    "a repository by its property": claim("sub", "repo:acme/payments:repo_property_team:a"),
    "a deploy-time repository": claim("sub", {"Fn::Sub": "repo:${Given}:*"}),
    "a deploy-time subject": claim("sub", {"Fn::Sub": "${Given}:*"}),
    "a beginning of a deploy-time subject": claim("sub", {"Fn::Sub": "repo:${Given}*"}),
    "a provider that accepts one audience": provided(aud=ABSENT),
    "a provider of deploy-time audiences": provided(ClientIdList=[UNKNOWN]),
    "an audience that is not known": provided(aud=UNKNOWN),
    "a provider of a deploy-time URL": provided(Url=UNKNOWN),
    "a project of a GitLab on another host": ci(SELF_HOSTED, "project_path:acme/x:*"),
    "an issuer whose URL ends with a slash": ci("acme.eu.auth0.com/", "machine@clients"),
    "any branch or tag of GitLab": ci("gitlab.com", "project_path:acme/x:ref_type:*:ref:*"),
    "a service account of a cluster": ci(EKS, "system:serviceaccount:ci:*"),
    "another claim of a provider": ci(EKS, "acme", claim="organization_id"),
    "another kind of provider": assumed(
        "sts:AssumeRoleWithSAML",
        f"arn:aws:iam::{HOME[0]}:saml-provider/acme",
        **{"SAML:aud": "https://signin.aws.amazon.com/saml"},
    ),
    "a web identity of Cognito": assumed(
        "sts:AssumeRoleWithWebIdentity",
        "cognito-identity.amazonaws.com",
        **{"cognito-identity.amazonaws.com:aud": "eu-central-1:1"},
    ),
    # Resources that have nothing to do with ECR.
    "resources of others": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}},
        **role("s3:*", Resource="*"),
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Bad"}},
        "Any": {"Type": "Custom::Any"},
    },
}


@pytest.mark.parametrize("resources", CORRECT.values(), ids=CORRECT)
def test_a_correct_template_has_no_finding(resources: dict[str, Any]) -> None:
    """A value that may be correct is not reported."""
    sections: dict[str, Any] = {
        "Parameters": {"Given": {"Type": "String", "Default": "Payments"}},
        "Conditions": {
            "Never": {"Fn::Equals": ["a", "b"]},
            "Perhaps": {"Fn::Equals": [UNKNOWN, "a"]},
            "PerhapsNot": {"Fn::Equals": [UNKNOWN, "b"]},
        },
    }
    findings = check([template(resources, **sections)])
    assert [] == [f"{item.rule} {item.message}" for item in findings]


def test_dual_layer_encryption_in_govcloud() -> None:
    """KMS_DSSE is valid where it exists."""
    configuration = {"EncryptionType": "KMS_DSSE", "KmsKey": get_att("Key")}
    resources = api(EncryptionConfiguration=configuration) | {"Key": key()}
    assert [] == check([template(resources, GOVCLOUD)])


def test_a_public_repository_may_be_public() -> None:
    """A policy of a public repository is not asked to narrow anyone."""
    text = document(allow("ecr-public:Describe*", Principal="*"))
    tags = [{"Key": "team", "Value": "cli"}]
    cli = resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": text, "Tags": tags})
    assert [] == check([template({"Cli": cli}, VIRGINIA)])


@pytest.mark.parametrize("at", [("111122223333", "cn-north-1"), (None, None)], ids=["China", "any"])
def test_layers_of_another_partition(at: tuple[str | None, str | None]) -> None:
    """The bucket of the layers is in the partition of the endpoint, which may be unknown."""
    bucket = "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"
    findings = check([Template("template", {"Resources": storage(reads(bucket))}, *at)])
    assert [] == [f"{item.rule} {item.message}" for item in findings]
