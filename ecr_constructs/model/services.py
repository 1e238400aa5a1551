"""AWS services that pull images, and in whose name.

Two of them pull by themselves, so that a repository admits the service: Lambda and, where a
project asks for it, CodeBuild. All others pull with a role, and the role is what to grant to.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

LAMBDA = "lambda.amazonaws.com"
CODE_BUILD = "codebuild.amazonaws.com"
# What a service acts for. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_NAME = re.compile(r"[A-Za-z0-9_*-]{1,150}")

_ROLES = {
    # https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
    "apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    "build.apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    "tasks.apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    # https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html
    "batch.amazonaws.com": "AWS Batch pulls with the execution role of its job definition",
    "ec2.amazonaws.com": "an instance pulls with the role of its instance profile",
    "ecs.amazonaws.com": "ECS pulls with the execution role of its task definition",
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    "ecs-tasks.amazonaws.com": "ECS pulls with the execution role of its task definition",
    "eks.amazonaws.com": "EKS pulls with the role of its nodes, or of the Fargate profile",
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    "sagemaker.amazonaws.com": "SageMaker pulls with the execution role of its model or job",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What a service that pulls by itself acts for.

    Attributes:
        partition: The partition, or a deploy-time value.
        region: The Region of the repository, which is that of what pulls from it.
        account: The account that what pulls belongs to.
    """

    partition: str
    region: str
    account: str

    def functions(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return the condition that Lambda acts for functions, named or all of the account.

        AWS documents ``aws:SourceArn``, which holds the account, and not whether Lambda sends
        ``aws:SourceAccount``; if it does, it must fit
        (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions).
        """
        arn = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:"
        # With a version or an alias, and without.
        arns = [f"{arn}{name}{end}" for name in names for end in ("", ":*")] or [f"{arn}*"]
        return {
            "ArnLike": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
            "StringEqualsIfExists": {"aws:SourceAccount": self.account},
        }

    def projects(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return the condition that CodeBuild acts for projects, named or all of the account.

        https://docs.aws.amazon.com/codebuild/latest/userguide/sample-ecr.html
        """
        arn = f"arn:{self.partition}:codebuild:{self.region}:{self.account}:project/"
        arns = [f"{arn}{name}" for name in names] or [f"{arn}*"]
        return {
            "ArnLike": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
            "StringEquals": {"aws:SourceAccount": self.account},
        }

    def conditions_for(self, service: str) -> dict[str, Any]:
        """Return the condition for whatever of the account pulls; none for other services."""
        if service == LAMBDA:
            return self.functions()
        return self.projects() if service == CODE_BUILD else {}


def tells_source(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether conditions say what a service must act for."""
    return any(key.lower() in SOURCES for tests in conditions.values() for key in tests)


def service_errors(service: str) -> Iterator[str]:
    """Yield why a service cannot be granted access by its name alone."""
    if service in _ROLES:
        yield f"{_ROLES[service]}: grant to that role"
    else:
        yield (
            f"{service} would be let in for anybody it acts for, in every account. If it pulls "
            "with a role, grant to that role; otherwise say what it acts for: "
            f"iam.ServicePrincipal({service!r}, conditions={{'StringEquals': "
            "{'aws:SourceAccount': '111122223333'}})"
        )


def check_names(keyword: str, names: Sequence[str]) -> None:
    """Refuse what is no name of a function or project, or no pattern of one.

    Raises:
        ValueError: It is none, such as an ARN.
    """
    require_list(keyword, names)
    raise_if_invalid(
        keyword,
        list(names),
        [
            f"{name!r} must be a name, in which '*' stands for anything; no ARN"
            for name in names
            if not is_unresolved(name) and not _NAME.fullmatch(name)
        ],
    )
