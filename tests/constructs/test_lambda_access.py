"""Functions of other accounts: Lambda is admitted for them, or the synthesis says what to call."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import Repository
from ecr_constructs.model.principals import admits_functions
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    REGION,
    THIRD_ACCOUNT,
    function_of,
    warnings_of,
)
from tests.support.errors import rejects

FAR = cdk.Environment(account=OTHER_ACCOUNT, region=REGION)
NOT_ADMITTED = f"grant_pull_to_lambda\\(account='{OTHER_ACCOUNT}'\\)"
LAMBDA = "lambda.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


def images(app: cdk.App, **settings: Any) -> Repository:
    """Define a repository that admits the functions of its own account."""
    keywords = {"repository_name": "shop/fn", **settings}
    repository = Repository(cdk.Stack(app, "Images", env=ENV), "Fn", **keywords)
    repository.grant_pull(iam.ServicePrincipal(LAMBDA))
    return repository


def far_stack(app: cdk.App) -> cdk.Stack:
    """Define a stack of another account, in a stage."""
    return cdk.Stack(cdk.Stage(app, "Prod"), "Functions", env=FAR)


def l1(stack: cdk.Stack, image: Any, construct_id: str = "L1") -> None:
    """Define a function by its image."""
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/function"
    lambda_.CfnFunction(
        stack, construct_id, role=role, package_type="Image", code={"imageUri": image}
    )


HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
USES: dict[str, Callable[[Repository, cdk.Stack], None]] = {
    "CDK": lambda repository, stack: function_of(stack, repository),
    "L1, by tag": lambda repository, stack: l1(stack, repository.repository_uri_for_tag("v1")),
    "L1, by digest": lambda repository, stack: l1(
        stack, repository.repository_uri_for_digest(DIGEST)
    ),
    "literal": lambda _, stack: l1(stack, f"{HOST}/shop/fn:v1"),
    "literal, without a tag": lambda _, stack: l1(stack, f"{HOST}/shop/fn"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_function_of_another_account_is_an_error(
    app: cdk.App, use: Callable[[Repository, cdk.Stack], None]
) -> None:
    """Its deployment would fail; the error names function, account and call."""
    use(images(app), far_stack(app))

    with pytest.raises(RuntimeError, match=NOT_ADMITTED):
        app.synth()


def test_a_generated_name(app: cdk.App) -> None:
    """CDK generates it for another account only."""
    repository = images(app, repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED)
    function_of(far_stack(app), repository)

    with pytest.raises(RuntimeError, match=NOT_ADMITTED):
        app.synth()


def source(account: str, key: str = "aws:SourceArn") -> Callable[[Repository], object]:
    """Return a statement that somebody wrote for the functions of an account."""
    value = account if key == "aws:SourceAccount" else f"arn:aws:lambda:*:{account}:function:*"
    statement = iam.PolicyStatement(
        principals=[iam.ServicePrincipal(LAMBDA)],
        actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        conditions={"StringLike": {key: value}},
    )
    return lambda repository: repository.add_to_resource_policy(statement)


ADMITTING: dict[str, tuple[Callable[[Repository], object], bool]] = {
    "the call": (lambda r: r.grant_pull_to_lambda(account=OTHER_ACCOUNT), True),
    "the call, for some functions": (
        lambda r: r.grant_pull_to_lambda(account=OTHER_ACCOUNT, functions=["a*"]),
        True,
    ),
    "the call, for a third account": (
        lambda r: r.grant_pull_to_lambda(account=THIRD_ACCOUNT),
        False,
    ),
    "a statement": (source(OTHER_ACCOUNT), True),
    "a statement by account": (source(OTHER_ACCOUNT, "aws:SourceAccount"), True),
    "a statement for every account": (source("*"), True),
    "a statement for a third account": (source(THIRD_ACCOUNT), False),
    "an account, which Lambda is not": (
        lambda r: r.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)),
        False,
    ),
}


@pytest.mark.parametrize(("admit", "is_enough"), ADMITTING.values(), ids=ADMITTING)
def test_what_admits_it(
    app: cdk.App, admit: Callable[[Repository], object], *, is_enough: bool
) -> None:
    """Whatever the policy says, before or after the function is defined."""
    repository = images(app)
    function_of(far_stack(app), repository)
    admit(repository)

    if is_enough:
        app.synth()
    else:
        with pytest.raises(RuntimeError, match=NOT_ADMITTED):
            app.synth()


def test_what_is_no_use_of_the_repository(app: cdk.App) -> None:
    """Functions of the same account, other images, code that is no image."""
    repository = images(app)
    function_of(repository.stack, repository)
    far = far_stack(app)
    for number, image in enumerate(
        (
            f"{HOST}/shop/fn-other:v1",
            f"{HOST.replace(REGION, 'eu-west-1')}/shop/fn:v1",
            f"{HOST.replace(ACCOUNT, THIRD_ACCOUNT)}/shop/fn:v1",
            cdk.Fn.import_value("image"),
            cdk.Fn.join("/", [HOST, cdk.Fn.select(7, cdk.Fn.split(",", cdk.Fn.ref("Names")))]),
        )
    ):
        l1(far, image, f"L1{number}")
    code = lambda_.Code.from_inline("exports.handler = () => 1")
    lambda_.Function(
        far, "Zip", code=code, handler="index.handler", runtime=lambda_.Runtime.NODEJS_22_X
    )
    cdk.CfnParameter(far, "Names")

    app.synth()


def test_a_function_in_an_unknown_account_is_warned_of(app: cdk.App) -> None:
    """It may be the repository's account, or another one."""
    repository = images(app)
    l1(cdk.Stack(app, "Anywhere"), f"{HOST}/shop/fn:v1")

    assert "ecr-constructs:lambdaAccount" in str(warnings_of(repository.stack))


def test_a_repository_in_an_unknown_account(app: cdk.App) -> None:
    """Nothing can be compared."""
    repository = Repository(cdk.Stack(app, "Images"), "Fn", repository_name="shop/fn")
    repository.grant_pull(iam.ServicePrincipal(LAMBDA))
    l1(far_stack(app), f"{HOST}/shop/fn:v1")

    app.synth()


STATEMENTS: dict[str, tuple[dict[str, Any], bool]] = {
    "everybody": ({"Effect": "Allow", "Principal": "*"}, True),
    "a denial": ({"Effect": "Deny", "Principal": {"Service": LAMBDA}}, False),
    "no principal": ({"Effect": "Allow"}, False),
    "a reference": ({"Effect": "Allow", "Principal": {"Service": {"Ref": "X"}}}, False),
    "several services": (
        {"Effect": "Allow", "Principal": {"Service": ["codebuild.amazonaws.com", LAMBDA]}},
        True,
    ),
    "an organization": (
        {
            "Effect": "Allow",
            "Principal": {"Service": LAMBDA},
            "Condition": {"StringEquals": {"aws:SourceOrgID": "o-abcdefghij"}},
        },
        True,
    ),
    "several accounts": (
        {
            "Effect": "Allow",
            "Principal": {"Service": LAMBDA},
            "Condition": {"StringEquals": {"AWS:SourceAccount": [ACCOUNT, OTHER_ACCOUNT]}},
        },
        True,
    ),
    "all other accounts": (
        {
            "Effect": "Allow",
            "Principal": {"Service": LAMBDA},
            "Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        True,
    ),
    "all accounts but this one": (
        {
            "Effect": "Allow",
            "Principal": {"Service": LAMBDA},
            "Condition": {"StringNotEquals": {"aws:SourceAccount": [OTHER_ACCOUNT]}},
        },
        False,
    ),
    "a reference to an account": (
        {
            "Effect": "Allow",
            "Principal": {"Service": LAMBDA},
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "Account"}}},
        },
        True,
    ),
}


@pytest.mark.parametrize(("statement", "admits"), STATEMENTS.values(), ids=STATEMENTS)
def test_statements(statement: dict[str, Any], *, admits: bool) -> None:
    """Only what definitely excludes an account does not admit its functions."""
    assert admits == admits_functions(statement, OTHER_ACCOUNT)


FUNCTION = f"arn:aws:lambda:{REGION}:{OTHER_ACCOUNT}:function:orders"


def _admitting(operator: str, *patterns: Any) -> dict[str, Any]:
    values = list(patterns) if len(patterns) > 1 else patterns[0]
    condition = {operator: {"aws:SourceArn": values}}
    return {"Effect": "Allow", "Principal": {"Service": LAMBDA}, "Condition": condition}


PREFIX = FUNCTION.removesuffix("orders")
NAMED: dict[str, tuple[dict[str, Any], bool]] = {
    "every function": (_admitting("ArnLike", f"{PREFIX}*"), True),
    "its name": (_admitting("ArnLike", f"{PREFIX}payments-*", f"{PREFIX}orders"), True),
    "one character": (_admitting("ArnLike", f"{PREFIX}order?"), True),
    "another name": (_admitting("ArnLike", f"{PREFIX}payments-*"), False),
    "another Region": (_admitting("ArnLike", FUNCTION.replace(REGION, "eu-west-1")), False),
    "not another name": (_admitting("ArnNotLike", f"{PREFIX}payments-*"), True),
    "a reference": (_admitting("ArnLike", {"Fn::Sub": "x"}), True),
    "another part": (_admitting("ArnLike", f"{PREFIX}payments", {"Ref": "Arn"}), True),
}


@pytest.mark.parametrize(("statement", "admits"), NAMED.values(), ids=NAMED)
def test_statements_for_a_function(statement: dict[str, Any], *, admits: bool) -> None:
    """What names other functions only does not admit it."""
    assert admits == admits_functions(statement, OTHER_ACCOUNT, FUNCTION)
    assert admits_functions(statement, OTHER_ACCOUNT)


@pytest.mark.parametrize("name", ["orders", None], ids=["named", "generated"])
def test_a_function_that_the_policy_does_not_name(app: cdk.App, name: str | None) -> None:
    """The account is admitted, for other functions; a generated name may be one of them."""
    repository = images(app)
    repository.grant_pull_to_lambda(account=OTHER_ACCOUNT, functions=["payments-*"])
    stack = far_stack(app)
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1.0")
    lambda_.DockerImageFunction(stack, "Function", code=code, function_name=name)

    if name is None:
        app.synth()
    else:
        with pytest.raises(RuntimeError, match=NOT_ADMITTED):
            app.synth()


def test_a_function_of_another_region(app: cdk.App) -> None:
    """Lambda does not pull across Regions, whatever the policy says."""
    other = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    function_of(cdk.Stack(app, "Functions", env=other), images(app))

    with pytest.raises(RuntimeError, match="Region of the function"):
        app.synth()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_import_from_another_region(app: cdk.App, *, elsewhere: bool) -> None:
    """No policy can admit it, so nothing that is written elsewhere does."""
    stack = cdk.Stack(app, "Functions", env=ENV)
    repository = Repository.from_repository_arn(
        stack,
        "Fn",
        f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/shop/fn",
        policy_managed_externally=elsewhere,
    )
    with rejects("Functions/Fn: lambda-other-region"):
        repository.grant_pull(iam.ServicePrincipal(LAMBDA))


@pytest.mark.parametrize("use", [USES["L1, by tag"], USES["L1, by digest"]], ids=["tag", "digest"])
def test_an_l1_that_nothing_is_granted_for(
    app: cdk.App, use: Callable[[Repository, cdk.Stack], None]
) -> None:
    """It has the URI of the image, and no method of the repository that grants."""
    repository = Repository(cdk.Stack(app, "Images", env=ENV), "Fn", repository_name="shop/fn")
    use(repository, cdk.Stack(app, "Functions", env=ENV))
    use(repository, far_stack(app))

    with pytest.raises(RuntimeError, match=NOT_ADMITTED) as error:
        app.synth()
    assert 1 == str(error.value).count("runs an image")
