"""Who may do what with the repositories of a template, as IAM decides."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk

from ecr_constructs import Repository
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    PUSH_ACTIONS,
    READ_ACTIONS,
)
from tests.support.constructs import OTHER_ACCOUNT
from tests.support.policy_evaluator import Caller, World

LOGIN = "ecr:GetAuthorizationToken"
EVERY_ACTION = {
    *(LOGIN, *PUSH_ACTIONS, *READ_ACTIONS, *DELETE_IMAGE_ACTIONS, *LIFECYCLE_ACTIONS),
    *("ecr:SetRepositoryPolicy", "ecr:DeleteRepository", "ecr:PutImageTagMutability"),
}
NAME = "payments/api"
LAMBDA = "lambda.amazonaws.com"
CODE_BUILD = "codebuild.amazonaws.com"
TEAM = {"team": "payments"}


def world(stack: cdk.Stack) -> World:
    """Synthesize the app of a stack and return its policies."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return World.of_assembly(Path(app.synth().directory))


def far(name: str = "deployer", **more: Any) -> Caller:
    """Return a role of another account that may do everything there."""
    return Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}", **more)


def repository_of(stack: cdk.Stack) -> Repository:
    """Return a repository of the stack."""
    return Repository(stack, "Api", repository_name=NAME)


def may(there: World, who: Caller, repository: str) -> set[str]:
    """Return what a role may do with a repository."""
    return {action for action in EVERY_ACTION - {LOGIN} if there.can(who, action, repository)}


PAYMENTS = {"StringEquals": {"aws:PrincipalTag/team": "payments"}}
PULL, PUSH = "ecr:BatchGetImage", "ecr:PutImage"
