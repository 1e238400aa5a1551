"""Examples of the rules for registries, pull through caches, secrets, and creation templates."""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    PULL_TIME_EXCLUSION,
    REPLICATION,
    SECRET,
    SIGNING,
    SIGNING_PROFILE,
)
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from ecr_constructs.model.repository_policy import PULL_ACTIONS
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HERE,
    HOME,
    LOGIN,
    OWN_ROLE,
    OWN_ROOT,
    PARTNER,
    ROOT,
    Problems,
    allow,
    api,
    attached,
    cache,
    creation_template,
    document,
    example,
    get_att,
    inline,
    key,
    lent,
    one_template,
    policy,
    quay,
    repository,
    resource,
    scanning,
    secret,
    service_role,
    template,
    upstream,
    with_role,
)
from tests.support.rule_examples.statements import registry

_RULES = "Copies.Properties.ReplicationConfiguration.Rules"
_NORTH = (HOME[0], "eu-north-1")
_PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/release"
_ALL = {"Filter": "*", "FilterType": "WILDCARD"}


def replication(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return a replication configuration."""
    return resource(REPLICATION, {"ReplicationConfiguration": {"Rules": list(rules)}})


def copies(*goals: tuple[str, str], prefix: str = "payments/") -> dict[str, Any]:
    """Return a replication configuration with a rule for each destination."""
    filters = [{"Filter": prefix, "FilterType": "PREFIX_MATCH"}]
    destinations = [[{"RegistryId": account, "Region": region}] for account, region in goals]
    rules = [{"Destinations": goal, "RepositoryFilters": filters} for goal in destinations]
    return replication(*rules)


def _copies(*goals: tuple[str, str], prefix: str = "payments/") -> dict[str, Any]:
    return {"Copies": copies(*goals, prefix=prefix)}


def _scans(scan_type: str, *frequencies: str) -> dict[str, Any]:
    rules = [{"ScanFrequency": name, "RepositoryFilters": [_ALL]} for name in frequencies]
    return scanning(ScanType=scan_type, Rules=rules)


def _signing(*profiles: str) -> dict[str, Any]:
    rules = [{"SigningProfileArn": profile} for profile in profiles]
    return {"Signing": resource(SIGNING, {"Rules": rules})}


def _excluded(*arns: str) -> dict[str, Any]:
    return {
        f"Exclusion{number}": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": arn})
        for number, arn in enumerate(arns)
    }


def _pair(replica: dict[str, Any], **source: Any) -> Sequence[Template]:
    api_ = repository(RepositoryName="payments/api", **source)
    home = template({"Api": api_, **_copies(ELSEWHERE)}, name="home")
    return [home, template(replica, ELSEWHERE, "replica")]


def _chain(*goals: tuple[str, str]) -> Sequence[Template]:
    return [template(_copies(*goals), name="home"), template(_copies(_NORTH), ELSEWHERE, "second")]


def _partner(account: str) -> Sequence[Template]:
    admits = registry(
        ["ecr:CreateRepository", "ecr:ReplicateImage"],
        Principal={"AWS": f"arn:aws:iam::{account}:root"},
        Resource=f"{HERE.replace(HOME[0], PARTNER[0])}:repository/payments/*",
    )
    return [template(_copies(PARTNER), name="home"), template(admits, PARTNER, "partner")]


_ONE = registry(
    "ecr:ReplicateImage", Principal={"AWS": ROOT}, Resource=f"{HERE}:repository/payments/*"
)
_API = {"Api": repository(RepositoryName="payments/api")}
_OWN = {"RegistryId": {"Ref": "AWS::AccountId"}, "Region": {"Ref": "AWS::Region"}}
_SCANNER = f"{OWN_ROLE}/scanner"

EXAMPLES = {
    "ECR301": example(
        [template(_ONE, name="one"), template(_ONE, name="two")],
        "Policy",
        [template(_ONE, name="one"), template(api(), name="two")],
    ),
    "ECR310": example(_copies(HOME), f"{_RULES}[0].Destinations[0]", _copies(ELSEWHERE)),
    "ECR311": example(
        _copies(ELSEWHERE, prefix="payments/*"), _RULES, _copies(ELSEWHERE, prefix="payments/")
    ),
    "ECR312": example(_copies(*[ELSEWHERE] * 11), _RULES, _copies(*[ELSEWHERE] * 10)),
    "ECR313": example(_chain(ELSEWHERE), _RULES, _chain(ELSEWHERE, _NORTH)),
    "ECR314": example(
        _pair({"Other": repository(RepositoryName="storefront/web")}),
        _RULES,
        _pair({"Payments": creation_template()}),
    ),
    "ECR315": example(_pair(_API, ImageTagMutability="MUTABLE"), _RULES, _pair(_API), "ECR012"),
    "ECR316": example(_partner("777788889999"), _RULES, _partner(HOME[0])),
    "ECR320": example(
        _scans("BASIC", "CONTINUOUS_SCAN"),
        "Scanning.Properties.Rules",
        _scans("ENHANCED", "CONTINUOUS_SCAN"),
    ),
    "ECR321": example(_signing("release"), "Signing.Properties.Rules[0]", _signing(_PROFILE)),
    "ECR323": example(_signing(), "Signing.Properties.Rules", _signing(_PROFILE)),
    "ECR322": example(
        _excluded(OWN_ROOT), "Exclusion0.Properties.PrincipalArn", _excluded(_SCANNER)
    ),
}

PROBLEMS: Problems = {
    ("ECR310", f"{_RULES}[0].Destinations[0]"): {
        "its own Region, by pseudo parameters": {"Copies": replication({"Destinations": [_OWN]})},
        "replication to an unknown Region": (_copies((HOME[0], "eu-middle-1")), "eu-middle-1"),
    },
    ("ECR311", _RULES): {"26 replication rules": (_copies(*[ELSEWHERE] * 26), "26")},
    ("ECR004", f"{_RULES}[0].Destinations[0].RegistryId"): {
        "an account of five digits": _copies(("12345", "eu-west-1")),
        "an ARN for an account": _copies(("arn:aws:ecr:eu-west-1:111122223333", "eu-west-1")),
        "an account with hyphens": _copies(("1111-2222-3333", "eu-west-1")),
    },
    ("ECR321", "Signing.Properties.Rules[0].SigningProfileArn", "Lambda"): {
        "a profile for functions": {
            "Signing": resource(SIGNING, {"Rules": [{"SigningProfileArn": get_att("Profile")}]}),
            "Profile": resource(SIGNING_PROFILE, {"PlatformId": "AWSLambda-SHA384-ECDSA"}),
        }
    },
    ("ECR323", "Scanning.Properties.Rules"): {
        "enhanced scanning of nothing": scanning(ScanType="ENHANCED")
    },
    ("ECR320", "Scanning.Properties.Rules"): {
        "three scanning rules": (_scans("BASIC", *["SCAN_ON_PUSH"] * 3), "3")
    },
    ("ECR320", "Scanning.Properties.Rules[1]"): {
        "two scanning rules of a kind": (_scans("BASIC", *["SCAN_ON_PUSH"] * 2), "SCAN_ON_PUSH")
    },
    ("ECR321", "Signing.Properties.Rules"): {
        "eleven signing rules": (_signing(*(f"{_PROFILE}{number}" for number in range(11))), "10")
    },
    ("ECR322", "Exclusion1.Properties.PrincipalArn"): {
        "an exclusion twice": (_excluded(_SCANNER, _SCANNER), _SCANNER)
    },
    ("ECR322", "Exclusion0"): {
        "101 exclusions": (_excluded(*(f"{_SCANNER}{number}" for number in range(101))), "100")
    },
}


def _encrypting(its_key: dict[str, Any]) -> dict[str, Any]:
    configuration = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
    template_ = one_template(CustomRoleArn=get_att("Role"), EncryptionConfiguration=configuration)
    return {**lent(Policies=inline("ecr:*")), **template_, "Key": its_key}


def _given(parameter: dict[str, Any]) -> Template:
    text = '{"username": "ci", "accessToken": "${Token}"}'
    return template(_login({"Fn::Sub": text}), Parameters={"Token": parameter})


_HUB = "Hub.Properties"
_CREDENTIAL, _URL = f"{_HUB}.CredentialArn", f"{_HUB}.UpstreamRegistryUrl"
_ROLE = "Payments.Properties.CustomRoleArn"
_VALUE = "Login.Properties.SecretString"
_TAGS = [{"Key": "team", "Value": "payments"}]
_SECRET_NAME = "ecr-pullthroughcache/a"
_QUEUE = {"Q": {"Type": "AWS::SQS::Queue"}}
_CACHED = ["PULL_THROUGH_CACHE"]


def _hub(**properties: Any) -> dict[str, Any]:
    return cache(UpstreamRegistry="docker-hub", **properties)


def _ecr(**properties: Any) -> dict[str, Any]:
    partner = {
        "EcrRepositoryPrefix": "partner",
        "UpstreamRegistry": "ecr",
        "UpstreamRegistryUrl": f"444455556666.dkr.ecr.{HOME[1]}.amazonaws.com",
    }
    return {"Partner": resource(CACHE, {**partner, **properties})}


def _login(text: Any = "", **properties: Any) -> dict[str, Any]:
    value = {"SecretString": text} if text else {}
    return {"Login": resource(SECRET, {"Name": "ecr-pullthroughcache/hub", **value, **properties})}


def _with_role(service: str) -> dict[str, Any]:
    actions = ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]
    return {
        "Payments": creation_template(ResourceTags=_TAGS, CustomRoleArn=get_att("Role")),
        "Role": service_role(service, Policies=inline(actions)),
    }


def _puller(*actions: str) -> dict[str, Any]:
    cached = allow([*actions], Resource=f"{HERE}:repository/hub/*")
    login = allow("ecr:GetAuthorizationToken", Resource="*")
    return {
        **_hub(),
        "Task": service_role("ecs-tasks"),
        **attached(document(cached, login), role={"Ref": "Task"}),
    }


EXAMPLES |= {
    "ECR401": example(_hub(CredentialArn=ABSENT), _HUB, _hub()),
    "ECR402": example(
        _hub(CredentialArn=LOGIN.replace("ecr-pullthroughcache/", "")), _CREDENTIAL, _hub()
    ),
    "ECR403": example(_hub(EcrRepositoryPrefix="Docker"), f"{_HUB}.EcrRepositoryPrefix", _hub()),
    "ECR404": example(_hub(UpstreamRegistryUrl="docker.io"), _URL, _hub()),
    "ECR405": example(_ecr(), "Partner.Properties", _ecr(CustomRoleArn=f"{OWN_ROLE}/cache")),
    "ECR407": example(
        one_template(Prefix="payments/*"),
        "Payments.Properties.Prefix",
        one_template(Prefix="payments/"),
    ),
    "ECR408": example(
        one_template(ResourceTags=_TAGS),
        "Payments.Properties.ResourceTags",
        one_template(ResourceTags=_TAGS, CustomRoleArn=f"{OWN_ROLE}/create"),
    ),
    "ECR409": example(_with_role("ecs"), _ROLE, _with_role("ecr")),
    "ECR410": example(
        one_template(AppliedFor=_CACHED, LifecyclePolicy=ABSENT),
        "Payments.Properties.ImageTagMutability",
        one_template(AppliedFor=_CACHED, LifecyclePolicy=ABSENT, ImageTagMutability="MUTABLE"),
    ),
    "ECR411": example(_puller(*PULL_ACTIONS), "Task", _puller(*PULL_ACTIONS, *IMPORT_ACTIONS)),
    "ECR422": example(
        [_given({"Type": "String"})], _VALUE, [_given({"Type": "String", "NoEcho": True})]
    ),
    "ECR420": example(
        _login('{"username": "ci", "accessToken": "dckr_pat_0123"}'),
        _VALUE,
        _login(Description="Set by hand"),
    ),
    "ECR421": example(
        _login('{"username": "ci", "password": "{{resolve:ssm:token}}"}'),
        _VALUE,
        _login('{"username": "ci", "accessToken": "{{resolve:ssm:token}}"}'),
    ),
}

_ALL_BUT = document({"Effect": "Allow", "NotAction": ["ecr:Create*"], "Resource": "*"})
_GENERATED = {"SecretStringTemplate": '{"user": "a"}', "GenerateStringKey": "accessToken"}
PROBLEMS |= {
    ("ECR401", _HUB, "CredentialArn"): {
        "an Azure registry without a login": upstream("acme.azurecr.io", CredentialArn=ABSENT)
    },
    ("ECR402", _CREDENTIAL): {
        "no secret": cache(CredentialArn={"Ref": "Q"}) | _QUEUE,
        "an unnamed secret": (secret(Description="x"), "Login"),
        "a secret elsewhere": (cache(CredentialArn=LOGIN.replace("central", "west")), "eu-west-1"),
    },
    ("ECR403", "Again.Properties.EcrRepositoryPrefix"): {
        "a prefix twice": (cache() | {"Again": cache()["Hub"]}, "hub")
    },
    ("ECR403", "C0"): {"51 caches": ({f"C{n}": quay(f"quay{n}") for n in range(51)}, "50")},
    ("ECR404", _URL): {
        "a URL with a scheme": upstream("https://quay.io"),
        "no registry of ECR": (upstream("ecr", UpstreamRegistry="ecr"), "Amazon"),
        "no registry of Azure": upstream("acme.io", UpstreamRegistry="azure-container-registry"),
        "no registry at all": upstream("acme.io"),
        "itself": (upstream(f"{HOME[0]}.dkr.ecr.{HOME[1]}.amazonaws.com"), HOME[0]),
    },
    ("ECR405", f"{_HUB}.CustomRoleArn"): {
        "a role that is none": cache(CustomRoleArn=get_att("Q")) | _QUEUE,
        "a partner's role": (cache(CustomRoleArn="arn:aws:iam::444455556666:role/a"), HOME[0]),
    },
    ("ECR407", "B.Properties.Prefix", "payments"): {
        "two templates of a prefix": {"A": creation_template(), "B": creation_template()}
    },
    ("ECR004", "Payments.Properties.AppliedFor[0]"): {
        "an occasion that there is not": (one_template(AppliedFor=["PUSH"]), "PUSH")
    },
    ("ECR407", "Payments.Properties.AppliedFor"): {
        "no occasion": one_template(AppliedFor=[]),
        "an occasion twice": (one_template(AppliedFor=["REPLICATION"] * 2), "REPLICATION"),
    },
    ("ECR408", "Payments.Properties.EncryptionConfiguration", "KMS"): {
        "KMS without a role": one_template(EncryptionConfiguration={"EncryptionType": "KMS"})
    },
    ("ECR409", _ROLE): {
        "a role with a path": (with_role(f"{OWN_ROLE}/team/create"), f"{OWN_ROLE}/team/create"),
        "a referred role with a path": (lent(Path="/team/"), "/team/"),
        "a template's role that is none": with_role(get_att("Q"), **_QUEUE),
    },
    ("ECR409", _ROLE, "ecr:CreateRepository"): {
        "a role that may nothing": lent(Policies=inline(["s3:GetObject"])),
        "a role that may nothing at all": lent(),
        "a role whose policies give it other things": {
            **lent(ManagedPolicyArns=[{"Ref": "Managed"}], RoleName="create"),
            "Managed": policy("AWS::IAM::ManagedPolicy", "s3:GetObject"),
            "Named": policy("AWS::IAM::Policy", "s3:PutObject", Roles=["create", "other"]),
            "More": policy("AWS::IAM::RolePolicy", "s3:*", RoleName={"Ref": "Role"}),
        },
        "a role that may all but what is meant": lent() | attached(_ALL_BUT),
    },
    ("ECR404", _HUB): {
        "no URL of a registry": cache(UpstreamRegistry="docker-hub", UpstreamRegistryUrl=ABSENT),
        "no URL of a private registry": cache(UpstreamRegistry="ecr", UpstreamRegistryUrl=ABSENT),
    },
    ("ECR004", f"{_HUB}.EcrRepositoryPrefix"): {
        "a list for a prefix": cache(EcrRepositoryPrefix=["hub"])
    },
    ("ECR403", f"{_HUB}.EcrRepositoryPrefix"): {
        "capitals in a prefix beside a parameter": cache(
            EcrRepositoryPrefix={"Fn::Sub": "Hub-${Given}"}
        )
    },
    ("ECR407", "Payments.Properties.Prefix"): {
        "capitals of a template beside a parameter": one_template(Prefix={"Fn::Sub": "A-${Given}"})
    },
    ("ECR409", _ROLE, "kms:CreateGrant"): {
        "a role that may not use the key": _encrypting(key()),
        "a key that lets another use it": _encrypting(
            key(KeyPolicy=document(allow("kms:*", Principal={"AWS": ROOT}, Resource="*")))
        ),
    },
    ("ECR422", _VALUE): {
        "a credential in a parameter": _login({"Ref": "Given"}),
    },
    ("ECR409", _ROLE, "ecr:TagResource"): {
        "a role that may not tag": {
            **lent(Policies=inline(["ecr:CreateRepository"])),
            **one_template(CustomRoleArn=get_att("Role"), ResourceTags=_TAGS),
        }
    },
    ("ECR004", f"{_HUB}.CustomRoleArn"): {"a list for a role": cache(CustomRoleArn=["a"])},
    ("ECR420", _VALUE): {
        "a plain value of any shape": secret(Name=_SECRET_NAME, SecretString="password")
    },
    ("ECR421", "Login.Properties.GenerateSecretString.SecretStringTemplate"): {
        "one without a user": secret(Name=_SECRET_NAME, GenerateSecretString=_GENERATED)
    },
}
