"""Who may do what in the embedded ECR, by the policies that are in it."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from local_aws.process import LocalAws
from local_aws.registry import PullRejectedError, PushRejectedError, Registry
from tests.support.embedded_aws import MEMBER, ORGANIZATION

Statement = dict[str, Any]

REGION = "eu-central-1"
LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
UNKNOWN = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
IN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
_names = itertools.count()


def allow(*actions: str, on: str = "*", **more: Any) -> Statement:
    """Return a statement of a role's policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def admit(principal: Any, *actions: str, **more: Any) -> Statement:
    """Return a statement of a repository's policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions or PULL), **more}


def document(*statements: Statement) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass(frozen=True)
class Home:
    """An account with a repository `api`, which has an image `v1`."""

    aws: LocalAws
    account: str
    digest: str

    @property
    def ecr(self) -> Any:
        """ECR, as the root of the account."""
        return self.aws.client("ecr", account=self.account, region=REGION)

    def role(self, *policy: Statement, account: str | None = None, boundary: str = "") -> str:
        """Make a role that may log in and do what the policy says; return a session's key."""
        account, name = account or self.account, f"role-{next(_names)}"
        client = self.aws.client("iam", account=account, region=REGION)
        limit = {"PermissionsBoundary": boundary} if boundary else {}
        trust = document(admit({"AWS": account}, "sts:AssumeRole"))
        role = client.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, Path="/team/", **limit
        )["Role"]
        client.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=document(LOGIN, *policy)
        )
        session = self.aws.client("sts", account=account, region=REGION).assume_role(
            RoleArn=role["Arn"], RoleSessionName="test"
        )
        return str(session["Credentials"]["AccessKeyId"])

    def registry(self, caller: str) -> Registry:
        """Log in to the registry of this account as somebody."""
        return self.aws.registry(self.account, REGION, caller=caller)


@pytest.fixture
def home(local_aws: LocalAws, new_account: Callable[[], str]) -> Home:
    account = new_account()
    local_aws.client("ecr", account=account, region=REGION).create_repository(
        repositoryName="api", tags=[{"Key": "team", "Value": "payments"}]
    )
    digest = local_aws.registry(account, REGION).push("api:v1", images.image(1))
    return Home(local_aws, account, digest)


def test_a_role_without_a_policy_cannot_log_in(
    local_aws: LocalAws, new_account: Callable[[], str]
) -> None:
    """A session of a role that does not exist has no access."""
    account = new_account()
    session = local_aws.client("sts", account=account, region=REGION).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/none", RoleSessionName="test"
    )

    with pytest.raises(ClientError, match=r"AccessDenied.* ecr:GetAuthorizationToken "):
        local_aws.registry(account, REGION, caller=session["Credentials"]["AccessKeyId"])


class Pull(NamedTuple):
    """A pull by the root of an account, or by a role of it with a policy.

    HOME, OTHER and ROLE in statements stand for the repository's account, another and the role.

    Attributes:
        caller: The account.
        policy: What the role may do; None for the root of the account.
        repository: The policy of the repository.
        denied: What the rejection says; empty if the pull succeeds.
        registry: The policy of the registry.
        boundary: The permissions boundary of the role.
    """

    caller: str
    policy: list[Statement] | None
    repository: list[Statement] = []  # noqa: RUF012 - the rows of a table
    denied: str = ""
    registry: Statement | None = None
    boundary: Statement | None = None


def deny(statement: Statement) -> Statement:
    """Return a statement that denies."""
    return {**statement, "Effect": "Deny"}


def when(operator: str, key: str, value: str) -> Statement:
    """Return a role's statement that allows to pull on a condition."""
    return allow(*PULL, Condition={operator: {key: value}})


def root(account: str) -> dict[str, str]:
    """Return the principal that an account is."""
    return {"AWS": f"arn:aws:iam::{account}:root"}


WEB = allow(*PULL, on="arn:aws:ecr:eu-central-1:*:repository/web")
BY_ROLE_ARN = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/team/role-*"}}
NOT_HOME = {"NotPrincipal": {"AWS": "HOME"}, "Effect": "Deny", "Action": "ecr:*"}
REGISTRY = admit({"AWS": "OTHER"}, Resource="arn:aws:ecr:eu-central-1:HOME:repository/*")
BY_IDENTITY, BY_RESOURCE = "no identity-based policy allows", "no resource-based policy allows"
PULLS = {
    # Within an account, the policy of the role is enough.
    "pull": Pull("HOME", [allow(*PULL)]),
    "wildcards": Pull("HOME", [allow("ecr:*", on="arn:aws:ecr:eu-central-1:*:repository/a?i")]),
    "its tag": Pull("HOME", [when("StringEquals", "aws:ResourceTag/team", "payments")]),
    "its Region": Pull("HOME", [when("StringEquals", "aws:RequestedRegion", REGION)]),
    "nothing": Pull(
        *("HOME", [allow("s3:GetObject")], []),
        f"assumed-role/role-.* ecr:BatchGetImage on .*/api because {BY_IDENTITY} the ecr:Batch",
    ),
    "manifests only": Pull(
        "HOME", [allow("ecr:BatchGetImage")], [], f"{BY_IDENTITY} the ecr:GetDownloadUrlForLayer"
    ),
    "another repository": Pull("HOME", [WEB], [], f"{BY_IDENTITY} the ecr:BatchGetImage"),
    "another tag": Pull(
        "HOME", [when("StringEquals", "ecr:ResourceTag/team", "web")], [], BY_IDENTITY
    ),
    "a Deny wins": Pull(
        *("HOME", [allow("ecr:*"), deny(allow(*PULL))], []),
        "explicit deny in a policy of the identity",
    ),
    "a Deny of the repository wins": Pull(
        *("HOME", [allow("ecr:*")], [deny(admit("*"))]), "explicit deny in a policy of the resource"
    ),
    "beyond a boundary": Pull("HOME", [allow("ecr:*")], [], BY_IDENTITY, None, LOGIN),
    # In its own account, a repository that names the role is enough; one that names the account
    # leaves it to the role's policies.
    "the account is named": Pull("HOME", [], [admit(root("HOME"))], BY_IDENTITY),
    "the role is named": Pull("HOME", [], [admit({"AWS": "arn:aws:iam::HOME:role/team/ROLE"})]),
    # Across accounts, both sides must allow.
    "the role only": Pull("OTHER", [allow(*PULL)], [], BY_RESOURCE),
    "both": Pull("OTHER", [allow(*PULL)], [admit(root("OTHER"))]),
    "the repository only": Pull("OTHER", [], [admit(root("OTHER"))], BY_IDENTITY),
    # The root of another account needs the policy of the repository, or of the registry.
    "root, by the repository": Pull("OTHER", None, [admit({"AWS": "OTHER"})]),
    "root, by the registry": Pull("OTHER", None, [], "", REGISTRY),
    "root, by nothing": Pull("OTHER", None, [], f"iam::OTHER:root .* {BY_RESOURCE}"),
    # The members of an organization are configured at the start of the server.
    "a member": Pull(MEMBER, None, [admit("*", Condition=IN_ORGANIZATION)]),
    "a role of a member": Pull(MEMBER, [allow(*PULL)], [admit("*", Condition=IN_ORGANIZATION)]),
    "not a member": Pull("OTHER", None, [admit("*", Condition=IN_ORGANIZATION)], BY_RESOURCE),
    # `aws:PrincipalArn` is the ARN of the role, with its path, and not of its session.
    "by its ARN": Pull(MEMBER, [allow(*PULL)], [admit({"AWS": MEMBER}, Condition=BY_ROLE_ARN)]),
    "not by its ARN": Pull(
        MEMBER, None, [admit({"AWS": MEMBER}, Condition=BY_ROLE_ARN)], BY_RESOURCE
    ),
    # What is not supported never helps: the rejection names it.
    "an unknown condition": Pull(
        "HOME", [allow(*PULL, Condition=UNKNOWN)], [], r"unknown here: aws:SourceVpce\)"
    ),
    "a Deny on one": Pull(
        *("HOME", [allow("ecr:*"), deny(allow(*PULL, Condition=UNKNOWN))], []),
        r"unknown here: aws:SourceVpce\)",
    ),
    "an unknown operator": Pull(
        *("HOME", [when("StringMatches", "aws:PrincipalArn", "*")], []),
        r"unknown here: StringMatches\)",
    ),
    "one of the repository": Pull(
        *(MEMBER, None, [admit({"AWS": MEMBER}, Condition=UNKNOWN)]),
        r"unknown here: aws:SourceVpce\)",
    ),
    "all but some": Pull(
        "HOME", [allow("ecr:*")], [NOT_HOME], r"explicit deny .* \(unknown here: NotPrincipal"
    ),
}


@pytest.mark.parametrize("pull", PULLS.values(), ids=PULLS)
def test_a_pull_needs_policies(home: Home, new_account: Callable[[], str], pull: Pull) -> None:
    """The digest arrives, or the rejection says who was denied what, and why."""
    other = new_account()
    account = {"HOME": home.account, "OTHER": other}.get(pull.caller, pull.caller)
    caller, name, boundary = account, "", ""
    if pull.boundary:
        iam = home.aws.client("iam", account=account, region=REGION)
        text = document(pull.boundary)
        boundary = iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
    if pull.policy is not None:
        caller = home.role(*pull.policy, account=account, boundary=boundary)
        sts = home.aws.client("sts", account=caller, region=REGION)
        name = sts.get_caller_identity()["Arn"].split("/")[1]

    def resolved(text: str) -> str:
        return text.replace("HOME", home.account).replace("OTHER", other).replace("ROLE", name)

    if pull.repository:
        text = resolved(document(*pull.repository))
        home.ecr.set_repository_policy(repositoryName="api", policyText=text)
    if pull.registry:
        home.ecr.put_registry_policy(policyText=resolved(document(pull.registry)))

    if not pull.denied:
        assert home.registry(caller).pull("api", "v1").digest == home.digest
        return
    with pytest.raises(PullRejectedError, match=f"DENIED: User: .*{resolved(pull.denied)}"):
        home.registry(caller).pull("api", "v1")


def test_a_push_needs_its_own_actions(home: Home) -> None:
    """Who may pull may not push."""
    caller = home.role(allow(*PULL))
    with pytest.raises(PushRejectedError, match="ecr:InitiateLayerUpload"):
        home.registry(caller).push("api:v2", images.image(2))


def test_the_api_is_guarded_like_the_registry(home: Home) -> None:
    """Operations are rejected one by one, those about several repositories for each of them."""
    api = f"arn:aws:ecr:{REGION}:{home.account}:repository/api"
    caller = home.role(allow("ecr:DescribeRepositories", "ecr:ListTagsForResource", on=api))
    ecr = home.aws.client("ecr", account=caller, region=REGION)
    home.ecr.create_repository(repositoryName="web")

    assert ecr.describe_repositories(repositoryNames=["api"])["repositories"]
    assert ecr.list_tags_for_resource(resourceArn=api)["tags"]
    with pytest.raises(ClientError, match=r"AccessDeniedException.*repository/web"):
        ecr.describe_repositories(repositoryNames=["api", "web"])
    with pytest.raises(ClientError, match=r"AccessDeniedException.*repository/\*"):
        ecr.describe_repositories()
    with pytest.raises(ClientError, match=r"AccessDeniedException.*ecr:DescribeImages"):
        ecr.describe_images(repositoryName="api")
    with pytest.raises(ClientError, match=r"AccessDeniedException.*on resource: \* "):
        ecr.get_registry_policy()
