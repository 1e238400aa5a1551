"""Who may do what in the embedded ECR, by the policies that are in it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from local_aws.registry import PullRejectedError, PushRejectedError
from tests.support.embedded_aws import MEMBER, ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.process import LocalAws
    from local_aws.registry import Registry

Statement = dict[str, Any]

REGION = "eu-central-1"
LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
UNKNOWN = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
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

    def open_to(self, *statements: Statement) -> None:
        """Replace the policy of the repository."""
        self.ecr.set_repository_policy(repositoryName="api", policyText=document(*statements))


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

    message = "not authorized to perform: ecr:GetAuthorizationToken on resource: \\*"
    with pytest.raises(ClientError, match=message):
        local_aws.registry(account, REGION, caller=session["Credentials"]["AccessKeyId"])


@pytest.mark.parametrize(
    "policy",
    [
        allow(*PULL),
        allow("ecr:*", on="arn:aws:ecr:eu-central-1:*:repository/a?i"),
        allow(*PULL, Condition={"StringEquals": {"aws:ResourceTag/team": "payments"}}),
        allow(*PULL, Condition={"StringEquals": {"aws:RequestedRegion": REGION}}),
    ],
    ids=["pull", "wildcards", "the repository's tag", "the Region"],
)
def test_a_role_does_what_its_policy_allows(home: Home, policy: Statement) -> None:
    """Within an account that is enough."""
    caller = home.role(policy)

    assert home.registry(caller).pull("api", "v1").digest == home.digest


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        (allow("s3:GetObject"), "ecr:BatchGetImage"),
        (allow("ecr:BatchGetImage"), "ecr:GetDownloadUrlForLayer"),
        (allow(*PULL, on="arn:aws:ecr:eu-central-1:*:repository/web"), "ecr:BatchGetImage"),
        (
            allow(*PULL, Condition={"StringEquals": {"ecr:ResourceTag/team": "web"}}),
            "ecr:BatchGetImage",
        ),
    ],
    ids=["nothing", "manifests only", "another repository", "another tag"],
)
def test_a_role_does_nothing_else(home: Home, policy: Statement, missing: str) -> None:
    """The refusal names the caller, the action, the repository and why."""
    caller = home.role(policy)

    reason = f"perform: {missing} on .*/api because no identity-based policy allows the {missing}"
    with pytest.raises(PullRejectedError, match=f"DENIED: User: .*assumed-role/role-.*{reason}"):
        home.registry(caller).pull("api", "v1")


def test_a_deny_wins(home: Home) -> None:
    """In the role's policy as in the repository's."""
    own = home.role(allow("ecr:*"), {**allow(*PULL), "Effect": "Deny"})
    denied = home.role(allow("ecr:*"))
    home.open_to({**admit("*"), "Effect": "Deny"})

    with pytest.raises(PullRejectedError, match="explicit deny in a policy of the identity"):
        home.registry(own).pull("api", "v1")
    with pytest.raises(PullRejectedError, match="explicit deny in a policy of the resource"):
        home.registry(denied).pull("api", "v1")


def test_a_boundary_limits(home: Home) -> None:
    """What the role's policy allows and its permissions boundary does not is rejected."""
    iam = home.aws.client("iam", account=home.account, region=REGION)
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=document(LOGIN))["Policy"]
    caller = home.role(allow("ecr:*"), boundary=boundary["Arn"])

    with pytest.raises(PullRejectedError, match="no identity-based policy allows"):
        home.registry(caller).pull("api", "v1")


def test_a_repository_admits_a_role_by_name(home: Home) -> None:
    """In its own account that is enough; naming the account leaves it to the role's policies."""
    caller = home.role()
    sts = home.aws.client("sts", account=caller, region=REGION)
    name = sts.get_caller_identity()["Arn"].split("/")[1]
    home.open_to(admit({"AWS": f"arn:aws:iam::{home.account}:root"}))
    with pytest.raises(PullRejectedError, match="no identity-based policy allows"):
        home.registry(caller).pull("api", "v1")

    home.open_to(admit({"AWS": f"arn:aws:iam::{home.account}:role/team/{name}"}))
    assert home.registry(caller).pull("api", "v1").digest == home.digest


def test_both_accounts_must_allow(home: Home, new_account: Callable[[], str]) -> None:
    """A role of another account needs a policy of its own and one of the repository."""
    other = new_account()
    able = home.role(allow(*PULL), account=other)
    unable = home.role(account=other)
    with pytest.raises(PullRejectedError, match="no resource-based policy allows"):
        home.registry(able).pull("api", "v1")

    home.open_to(admit({"AWS": f"arn:aws:iam::{other}:root"}))
    assert home.registry(able).pull("api", "v1").digest == home.digest
    with pytest.raises(PullRejectedError, match="no identity-based policy allows"):
        home.registry(unable).pull("api", "v1")
    with pytest.raises(PushRejectedError, match="ecr:InitiateLayerUpload"):
        home.registry(able).push("api:v2", images.image(2))


def test_the_root_of_another_account_is_a_stranger(
    home: Home, new_account: Callable[[], str]
) -> None:
    """It needs the policy of the repository, or of the registry."""
    repository, registry, nothing = new_account(), new_account(), new_account()
    home.open_to(admit({"AWS": repository}))
    arn = f"arn:aws:ecr:{REGION}:{home.account}:repository/*"
    home.ecr.put_registry_policy(policyText=document(admit({"AWS": registry}, Resource=arn)))

    assert home.registry(repository).pull("api", "v1").digest == home.digest
    assert home.registry(registry).pull("api", "v1").digest == home.digest
    with pytest.raises(PullRejectedError, match=f"User: arn:aws:iam::{nothing}:root"):
        home.registry(nothing).pull("api", "v1")


def test_a_member_of_the_organization_is_admitted(
    home: Home, new_account: Callable[[], str]
) -> None:
    """The members are configured at the start of the server."""
    home.open_to(admit("*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}))

    assert home.registry(MEMBER).pull("api", "v1").digest == home.digest
    role = home.role(allow(*PULL), account=MEMBER)
    assert home.registry(role).pull("api", "v1").digest == home.digest
    with pytest.raises(PullRejectedError, match="no resource-based policy allows"):
        home.registry(new_account()).pull("api", "v1")


def test_a_condition_names_the_role_and_not_its_session(home: Home) -> None:
    """`aws:PrincipalArn` is the role's ARN, with its path."""
    arn = {"aws:PrincipalArn": f"arn:aws:iam::{MEMBER}:role/team/role-*"}
    home.open_to(admit({"AWS": MEMBER}, Condition={"ArnLike": arn}))

    role = home.role(allow(*PULL), account=MEMBER)
    assert home.registry(role).pull("api", "v1").digest == home.digest
    with pytest.raises(PullRejectedError, match="no resource-based policy allows"):
        home.registry(MEMBER).pull("api", "v1")


@pytest.mark.parametrize(
    ("statements", "unknown"),
    [
        ([allow(*PULL, Condition=UNKNOWN)], "aws:SourceVpce"),
        ([allow("ecr:*"), {**allow(*PULL, Condition=UNKNOWN), "Effect": "Deny"}], "aws:SourceVpce"),
        ([allow(*PULL, Condition={"StringMatches": {"aws:PrincipalArn": "*"}})], "StringMatches"),
    ],
    ids=["an Allow does not count", "a Deny counts", "an operator"],
)
def test_what_is_not_known_never_helps(
    home: Home, statements: list[Statement], unknown: str
) -> None:
    """An unknown condition ends in a rejection that names it."""
    caller = home.role(*statements)

    with pytest.raises(PullRejectedError, match=rf"\(unknown here: {unknown}\)"):
        home.registry(caller).pull("api", "v1")


def test_an_unknown_condition_of_a_repository_never_helps(home: Home) -> None:
    """Neither does one in the policy of a repository."""
    home.open_to(admit({"AWS": MEMBER}, Condition=UNKNOWN))

    with pytest.raises(PullRejectedError, match=r"\(unknown here: aws:SourceVpce\)"):
        home.registry(MEMBER).pull("api", "v1")


def test_a_deny_for_all_but_some_denies_all(home: Home) -> None:
    """NotPrincipal is not understood, so it never helps either."""
    caller = home.role(allow("ecr:*"))
    everyone_else = {"NotPrincipal": {"AWS": home.account}, "Effect": "Deny", "Action": "ecr:*"}
    home.open_to(everyone_else)

    with pytest.raises(PullRejectedError, match=r"explicit deny .* \(unknown here: NotPrincipal"):
        home.registry(caller).pull("api", "v1")


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
