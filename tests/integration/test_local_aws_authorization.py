"""Who may do what in the embedded ECR, by the policies that are in it."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from local_aws.registry import PullRejectedError, PushRejectedError
from tests.support.embedded_aws import MEMBER, ORGANIZATION, Place

Statement = dict[str, Any]

REGION = "eu-central-1"
LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
UNKNOWN, UNKNOWN_KEY = (
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    r"unknown here: aws:SourceVpce\)",
)
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
class Home(Place):
    """An account with a repository `api`, which has an image `v1`."""

    digest: str = ""

    def role(self, *policy: Statement, account: str | None = None, boundary: str = "") -> str:
        """Make a role that may log in and do what the policy says; return a session's key."""
        account, name = account or self.account, f"role-{next(_names)}"
        there = self.at(self.region, account)
        client = there.client("iam")
        limit = {"PermissionsBoundary": boundary} if boundary else {}
        trust = document(admit({"AWS": account}, "sts:AssumeRole"))
        role = client.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, Path="/team/", **limit
        )["Role"]
        client.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=document(LOGIN, *policy)
        )
        return session_of(there, role["Arn"])


def session_of(place: Place, role_arn: str) -> str:
    """Assume a role; return the session's key."""
    session = place.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")
    return str(session["Credentials"]["AccessKeyId"])


@pytest.fixture
def home(place: Place) -> Home:
    tags = [{"Key": "team", "Value": "payments"}]
    place.ecr.create_repository(repositoryName="api", tags=tags)
    digest = place.registry().push("api:v1", images.image(1))
    return Home(place.aws, place.account, digest=digest)


def test_a_role_without_a_policy_cannot_log_in(place: Place) -> None:
    """A session of a role that does not exist has no access."""
    session = session_of(place, f"arn:aws:iam::{place.account}:role/none")

    with pytest.raises(ClientError, match=r"AccessDenied.* ecr:GetAuthorizationToken "):
        place.registry(session)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "api/referrers/{digest}") for method in ("PUT", "POST", "DELETE", "HEAD")),
        *(("POST", path) for path in ("api/manifests/v1", "new/manifests/v1", "api/tags/list")),
        *(("PUT", path) for path in ("new/tags/list", "new/blobs/{digest}", "_catalog")),
        *(("PATCH", path) for path in ("api/manifests/v1", "api/blobs/uploads/")),
    ],
)
def test_what_the_registry_does_not_serve_is_refused(home: Home, method: str, path: str) -> None:
    """Whoever asks for it: no action allows it, nothing is listed, and no repository is made."""
    home.ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["CREATE_ON_PUSH"])
    asked = path.format(digest=home.digest)

    for caller in (home.account, home.role()):
        registry = home.registry(caller)
        answer = registry.oras.do_request(f"http://{registry.host}/v2/{asked}", method)
        assert answer.status_code == 405
        if method != "HEAD":
            [error] = answer.json()["errors"]
            assert error["code"] == "UNSUPPORTED"
    listed = home.ecr.describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in listed] == ["api"]


class Pull(NamedTuple):
    """A pull by a role with this policy, or by the root of an account, and why it is denied.

    HOME, OTHER and ROLE in statements stand for the repository's account, another and the role.
    """

    policy: list[Statement] | None
    denied: str = ""
    caller: str = "HOME"
    repository: Statement | None = None
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
ANY, CAN, BY_TAG = allow("ecr:*"), allow(*PULL), "ecr:ResourceTag/team"
MEMBERS = admit("*", Condition=IN_ORGANIZATION)
TO_HOME, TO_OTHER = admit(root("HOME")), admit(root("OTHER"))
TO_ARN = admit({"AWS": MEMBER}, Condition=BY_ROLE_ARN)
PULLS = {
    # Within an account, the policy of the role is enough.
    "pull": Pull([CAN]),
    "wildcards": Pull([allow("ecr:*", on="arn:aws:ecr:eu-central-1:*:repository/a?i")]),
    "its tag": Pull([when("StringEquals", "aws:ResourceTag/team", "payments")]),
    "its Region": Pull([when("StringEquals", "aws:RequestedRegion", REGION)]),
    "nothing": Pull(
        [allow("s3:GetObject")],
        f"assumed-role/role-.* ecr:BatchGetImage on .*/api because {BY_IDENTITY} the ecr:Batch",
    ),
    "manifests only": Pull(
        [allow("ecr:BatchGetImage")], f"{BY_IDENTITY} the ecr:GetDownloadUrlForLayer"
    ),
    "another repository": Pull([WEB], f"{BY_IDENTITY} the ecr:BatchGetImage"),
    "another tag": Pull([when("StringEquals", BY_TAG, "web")], BY_IDENTITY),
    "a Deny wins": Pull([ANY, deny(CAN)], "explicit deny in a policy of the identity"),
    "a Deny of the repository wins": Pull(
        [ANY], "explicit deny in a policy of the resource", repository=deny(admit("*"))
    ),
    "beyond a boundary": Pull([ANY], BY_IDENTITY, boundary=LOGIN),
    # In its own account, a repository that names the role is enough; one that names the account
    # leaves it to the role's policies.
    "the account is named": Pull([], BY_IDENTITY, repository=TO_HOME),
    "the role is named": Pull([], repository=admit({"AWS": "arn:aws:iam::HOME:role/team/ROLE"})),
    # Across accounts, both sides must allow.
    "the role only": Pull([CAN], BY_RESOURCE, "OTHER"),
    "both": Pull([CAN], "", "OTHER", TO_OTHER),
    "the repository only": Pull([], BY_IDENTITY, "OTHER", TO_OTHER),
    # The root of another account needs the policy of the repository, or of the registry.
    "root, by the repository": Pull(None, "", "OTHER", admit({"AWS": "OTHER"})),
    "root, by the registry": Pull(None, "", "OTHER", registry=REGISTRY),
    "root, by nothing": Pull(None, f"iam::OTHER:root .* {BY_RESOURCE}", "OTHER"),
    # The members of an organization are configured at the start of the server.
    "a member": Pull(None, "", MEMBER, MEMBERS),
    "a role of a member": Pull([CAN], "", MEMBER, MEMBERS),
    "not a member": Pull(None, BY_RESOURCE, "OTHER", MEMBERS),
    # `aws:PrincipalArn` is the ARN of the role, with its path, and not of its session.
    "by its ARN": Pull([CAN], "", MEMBER, TO_ARN),
    "not by its ARN": Pull(None, BY_RESOURCE, MEMBER, TO_ARN),
    # What is not supported never helps: the rejection names it.
    "an unknown condition": Pull([allow(*PULL, Condition=UNKNOWN)], UNKNOWN_KEY),
    "a Deny on one": Pull([ANY, deny(allow(*PULL, Condition=UNKNOWN))], UNKNOWN_KEY),
    "an unknown operator": Pull(
        [when("StringMatches", "aws:PrincipalArn", "*")], r"unknown here: StringMatches\)"
    ),
    "one of the repository": Pull(
        None, UNKNOWN_KEY, MEMBER, admit({"AWS": MEMBER}, Condition=UNKNOWN)
    ),
    "all but some": Pull(
        [ANY], r"explicit deny .* \(unknown here: NotPrincipal", repository=NOT_HOME
    ),
}


@pytest.mark.parametrize("pull", PULLS.values(), ids=PULLS)
def test_a_pull_needs_policies(home: Home, new_account: Callable[[], str], pull: Pull) -> None:
    """The digest arrives, or the rejection says who was denied what, and why."""
    other = new_account()
    account = {"HOME": home.account, "OTHER": other}.get(pull.caller, pull.caller)
    caller, name, boundary = account, "", ""
    if pull.boundary:
        iam = home.client("iam", caller=account)
        text = document(pull.boundary)
        boundary = iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
    if pull.policy is not None:
        caller = home.role(*pull.policy, account=account, boundary=boundary)
        sts = home.client("sts", caller=caller)
        name = sts.get_caller_identity()["Arn"].split("/")[1]

    def resolved(text: str) -> str:
        return text.replace("HOME", home.account).replace("OTHER", other).replace("ROLE", name)

    if pull.repository:
        text = resolved(document(pull.repository))
        home.ecr.set_repository_policy(repositoryName="api", policyText=text)
    if pull.registry:
        home.ecr.put_registry_policy(policyText=resolved(document(pull.registry)))

    if not pull.denied:
        assert home.registry(caller).pull("api", "v1").digest == home.digest
        return
    with pytest.raises(PullRejectedError, match=f"DENIED: User: .*{resolved(pull.denied)}"):
        home.registry(caller).pull("api", "v1")


@pytest.mark.parametrize("is_home", [True, False], ids=["of the account", "of another"])
def test_a_push_needs_its_own_actions(
    home: Home, new_account: Callable[[], str], *, is_home: bool
) -> None:
    """Who may pull, also by the repository's policy, may not push."""
    account = home.account if is_home else new_account()
    home.ecr.set_repository_policy(
        repositoryName="api", policyText=document(admit({"AWS": account}))
    )
    caller = home.role(allow(*PULL), account=account)
    assert home.registry(caller).pull("api", "v1").digest == home.digest
    with pytest.raises(PushRejectedError, match="ecr:InitiateLayerUpload"):
        home.registry(caller).push("api:v2", images.image(2))


def test_the_api_is_guarded_like_the_registry(home: Home) -> None:
    """Operations are rejected one by one, those about several repositories for each of them."""
    api = f"arn:aws:ecr:{REGION}:{home.account}:repository/api"
    caller = home.role(allow("ecr:DescribeRepositories", "ecr:ListTagsForResource", on=api))
    ecr = home.client("ecr", caller=caller)
    home.ecr.create_repository(repositoryName="web")

    assert ecr.describe_repositories(repositoryNames=["api"])["repositories"]
    assert ecr.list_tags_for_resource(resourceArn=api)["tags"]
    for denied, method, arguments in (
        ("repository/web", ecr.describe_repositories, {"repositoryNames": ["api", "web"]}),
        (r"repository/\*", ecr.describe_repositories, {}),
        ("ecr:DescribeImages", ecr.describe_images, {"repositoryName": "api"}),
        (r"on resource: \* ", ecr.get_registry_policy, {}),
    ):
        with pytest.raises(ClientError, match=f"AccessDeniedException.*{denied}"):
            method(**arguments)
