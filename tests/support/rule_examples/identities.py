"""Examples of the rules that compare identities with what they use in other templates."""

from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    OIDC_PROVIDER,
    REPLICATION,
    SIGNING,
)
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HERE,
    HOME,
    HOST,
    PARTNER,
    ROOT,
    Problems,
    allow,
    api,
    document,
    example,
    get_att,
    resource,
    service_role,
    template,
)
from tests.support.rule_examples.consumers import PUSH, endpoint
from tests.support.rule_examples.statements import PULL, pulled_by

NAMED = f"{HERE}:repository/payments/api"
_LOGIN = allow("ecr:GetAuthorizationToken", Resource="*")
_STATEMENT = "Task.Properties.Policies[0].PolicyDocument.Statement[1]"


def may(actions: Any, arn: Any, *others: Any, **properties: Any) -> dict[str, Any]:
    """Return a role that may log in and do something with repositories."""
    content = document(_LOGIN, allow(actions, Resource=arn), *others)
    inline = {"PolicyName": "a", "PolicyDocument": content}
    return {"Task": service_role("ecs-tasks", Policies=[inline], **properties)}


def images(principal: Any = None, at: tuple[str, str] = HOME, **properties: Any) -> Template:
    """Return a template with a repository that a principal may pull from."""
    content = api() if principal is None else pulled_by(principal)
    named = {"RepositoryName": "payments/api", **properties}
    present = {name: value for name, value in named.items() if value is not ABSENT}
    content["Api"] = {**content["Api"], "Properties": {**content["Api"]["Properties"], **present}}
    return template(content, at, "images")


def puller(arn: Any = NAMED, at: tuple[str, str] = PARTNER) -> Template:
    """Return a template with a role that pulls."""
    return template(may(PULL, arn), at, "puller")


def signed(*filters: str, **others: Any) -> dict[str, Any]:
    """Return a signing configuration next to others."""
    profile = f"arn:aws:signer:{HOME[1]}:{HOME[0]}:/signing-profiles/release"
    patterns = [{"Filter": name, "FilterType": "WILDCARD_MATCH"} for name in filters]
    rule = {"SigningProfileArn": profile, **({"RepositoryFilters": patterns} if patterns else {})}
    return {**others, "Signing": resource(SIGNING, {"Rules": [rule]})}


def copied(**destination: str) -> Template:
    """Return a template that replicates every image of the registry."""
    goal = {"RegistryId": HOME[0], "Region": ELSEWHERE[1], **destination}
    rules = {"Rules": [{"Destinations": [goal]}]}
    return template(
        {"Replication": resource(REPLICATION, {"ReplicationConfiguration": rules})}, HOME, "copies"
    )


def provider(url: str = f"https://{HOST}") -> dict[str, Any]:
    """Return a provider of GitHub Actions."""
    return resource(OIDC_PROVIDER, {"Url": url, "ClientIdList": ["sts.amazonaws.com"]})


def reader(default: Any, principal: Any = None, **parts: Any) -> list[Template]:
    """Return a repository that a parameter with a default opens."""
    named = {"AWS": {"Ref": "Reader"}} if principal is None else principal
    parameter = {"Type": "String", "Default": default}
    return [template(pulled_by(named, **parts), Parameters={"Reader": parameter})]


SIGN = allow("signer:SignPayload", Resource="*")
_OTHER_REGION = NAMED.replace(HOME[1], ELSEWHERE[1])
CACHE_HERE = resource(CACHE, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"})

EXAMPLES = {
    "ECR222": example(
        signed("payments/*", **may(PUSH, NAMED)),
        f"{_STATEMENT}.Action",
        signed("payments/*", **may(PUSH, NAMED, SIGN)),
    ),
    "ECR223": example(
        [images({"AWS": "arn:aws:iam::777788889999:root"}), puller()],
        f"{_STATEMENT}.Resource",
        [images({"AWS": ROOT}), puller()],
    ),
    "ECR224": example(
        [images({"AWS": ROOT}), puller(_OTHER_REGION)],
        f"{_STATEMENT}.Resource",
        [images({"AWS": ROOT}), puller(_OTHER_REGION), copied()],
    ),
    "ECR225": example(
        reader("*"), "Api.Properties.RepositoryPolicyText.Statement[0].Principal", reader(ROOT)
    ),
    "ECR226": example(
        [
            template(may(PULL, NAMED, RoleName="deploy"), HOME, "first"),
            template(may(PULL, NAMED, RoleName="Deploy"), ELSEWHERE, "second"),
        ],
        "Task.Properties.RoleName",
        [
            template(may(PULL, NAMED, RoleName="deploy"), HOME, "first"),
            template(may(PULL, NAMED, RoleName="deploy"), PARTNER, "second"),
        ],
    ),
}
PROBLEMS: Problems = {
    ("ECR222", f"{_STATEMENT}.Action"): {
        "all images are signed": signed(**may(PUSH, "*")),
        "the images of a prefix are signed": signed(
            "payments/*", **may(PUSH, f"{HERE}:repository/payments/*")
        ),
    },
    ("ECR226", "Second.Properties.Url"): {
        "a provider twice, with a slash": {
            "First": provider(),
            "Second": provider(f"https://{HOST}/"),
        }
    },
    ("ECR211", "Task.Properties.Policies[0].PolicyDocument.Statement[0].Resource"): {
        "a login on a repository of an unknown Region": {
            "Task": service_role(
                "ecs-tasks",
                Policies=[
                    {
                        "PolicyName": "a",
                        "PolicyDocument": document(
                            allow(
                                [*PULL, "ecr:GetAuthorizationToken"],
                                Resource={"Fn::Sub": "arn:aws:ecr:${Given}:1:repository/a"},
                            )
                        ),
                    }
                ],
            )
        }
    },
    ("ECR713", "Endpoint.Properties.PolicyDocument"): {
        "everything but the registry": endpoint(
            PolicyDocument=document(
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "ecr:*",
                    "NotResource": ["*"],
                }
            )
        )
    },
    ("ECR321", "Signing.Properties.Rules[0].SigningProfileArn"): {
        "the version of a profile": {
            "Signing": resource(
                SIGNING, {"Rules": [{"SigningProfileArn": get_att("P", "ProfileVersionArn")}]}
            ),
            "P": resource(
                "AWS::Signer::SigningProfile", {"PlatformId": "Notation-OCI-SHA384-ECDSA"}
            ),
        }
    },
    ("ECR321", "Signing.Properties.Rules[0].RepositoryFilters"): {
        "an empty list of filters": {
            "Signing": resource(
                SIGNING,
                {
                    "Rules": [
                        {
                            "SigningProfileArn": f"arn:aws:signer:{HOME[1]}:{HOME[0]}"
                            ":/signing-profiles/release",
                            "RepositoryFilters": [],
                        }
                    ]
                },
            )
        }
    },
    ("ECR403", "Quay.Properties"): {
        "a cache without a prefix": {
            "Quay": resource(CACHE, {"UpstreamRegistry": "quay", "UpstreamRegistryUrl": "quay.io"})
        }
    },
    ("ECR007", "Resources.Api"): {
        "a resource without a type": {
            "Api": {"Properties": {"RepositoryName": "payments/api"}},
            "Other": api()["Api"],
        }
    },
    ("ECR601", "Api.Properties.RepositoryName"): {
        "a misspelt pseudo parameter": api(RepositoryName={"Ref": "AWS::AccountID"}),
    },
    ("ECR601", "Api.Properties.Tags[0].Value"): {
        "a misspelt pseudo parameter in a text": api(
            Tags=[{"Key": "place", "Value": {"Fn::Sub": "in ${AWS::region}"}}]
        )
    },
}
