"""Identities and services that pull and push images, and cannot do so as configured."""

import re
from collections.abc import Callable, Iterator, Sequence

from ecr_constructs.checks.rule import ECR_GUIDE, Problem, error_rule, warning_rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    Permissions,
    Statement,
    allowed,
    is_policy_known,
    permissions_of,
    policies_of,
    statements_of,
)
from ecr_constructs.cloudformation.resource_types import (
    FUNCTION,
    REPOSITORY,
    ROLE,
    SAM_FUNCTION,
    TASK_DEFINITION,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.principals import LAMBDA, may_act_for
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tokens import is_unresolved

_LOGIN = "ecr:GetAuthorizationToken"
_MANIFEST, _LAYERS = "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"
_LOOK_UP, _PUT = "ecr:BatchCheckLayerAvailability", "ecr:PutImage"
_UPLOADS = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload")
_PULL = (_LOGIN, _MANIFEST, _LAYERS)
_POLICY = "RepositoryPolicyText"
_PUBLIC_LOGIN, _BEARER = "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"


@warning_rule(
    "ECR220",
    "A role that pulls, pushes or logs in has every permission that this needs",
    types=[ROLE],
    why="Each pull or push fails at the first permission that is missing.",
    remedy="Allow the missing actions; ecr:GetAuthorizationToken and sts:GetServiceBearerToken "
    "with Resource '*'.",
    source=f"{ECR_GUIDE}/image-push-iam.html",
)
def _complete_permissions(role: Resource) -> Iterator[Problem]:
    permissions = permissions_of(role)
    if not permissions.is_known:
        return
    for purpose, needed in _purposes(role, permissions):
        missing = [action for action in needed if _lacks(role, permissions, action)]
        if missing:
            yield Problem(_place(role, needed), f"{purpose} also needs {', '.join(missing)}")


def _purposes(role: Resource, permissions: Permissions) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what a role is evidently for, with all actions that this needs.

    Programs read manifests and move tags with ecr:BatchGetImage and ecr:PutImage alone.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-retag.html
    """

    def has(*actions: str) -> bool:
        return any(_names(permissions, action) for action in actions)

    if has(*_UPLOADS) or (has(_PUT) and has(_LOOK_UP, _LAYERS)):
        yield "pushing", (_LOGIN, _LOOK_UP, *_UPLOADS, _PUT)
    elif _pulls(has) and not _is_for_lambda(role):
        yield "pulling", _PULL
    if has(_PUBLIC_LOGIN):
        yield "a login to ECR Public", (_PUBLIC_LOGIN, _BEARER)


def _pulls(has: Callable[..., bool]) -> bool:
    """Tell whether a role pulls images, rather than reading manifests or moving tags."""
    return (has(_MANIFEST) and has(_LAYERS)) or (
        has(_LOGIN) and has(_MANIFEST, _LAYERS) and not has(_PUT)
    )


def _names(permissions: Permissions, action: str) -> bool:
    return any(
        item.may(action) and not any(map(is_unresolved, item.actions))
        for item in permissions.statements
    )


def _is_for_lambda(role: Resource) -> bool:
    """Tell whether functions assume the role: a program calls ECR's API without a login."""
    trusts = (policy for policy in policies_of(role) if policy.kind == "trust")
    return any(
        value.startswith("lambda.")
        for policy in trusts
        for statement in policy.statements
        for _, value in statement.principals
    )


def _lacks(role: Resource, permissions: Permissions, action: str) -> bool:
    """Tell whether a role definitely lacks a permission, also by the policies of repositories."""
    if not permissions.lack(action):
        return False
    repositories = role.assembly.of_type(REPOSITORY)
    return action in (_LOGIN, _PUBLIC_LOGIN, _BEARER) or not any(
        statement.may(action) for item in repositories for statement in allowed(item)
    )


def _place(role: Resource, actions: Sequence[str]) -> Place:
    """Return the first statement of the role itself with one of some actions, or the role."""
    statements = (statement for statement in allowed(role) if "Policies" in statement.path)
    matching = (
        (*statement.path, "Action")
        for statement in statements
        if any(statement.may(action) for action in actions if action != _LOGIN)
    )
    return next(matching, ("Properties",))


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_PART = r"\$\{Token\[[^\[\]]*\]\}|[A-Za-z0-9-]+"
_PRIVATE = re.compile(
    rf"(?P<account>{_PART})\.dkr[.-]ecr(?:-fips)?\.(?P<region>{_PART})\.[^/]+/.+", re.DOTALL
)
_HOST = re.compile(r"(?P<host>[a-z0-9.-]+\.[a-z]{2,})(?::[0-9]+)?/")
_LAMBDA_IMAGES = "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"


@error_rule(
    "ECR701",
    "A function runs an image of a private repository in its own Region",
    types=[FUNCTION, SAM_FUNCTION],
    why="Lambda rejects images of other registries, of ECR Public and of other Regions.",
    remedy="Copy or replicate the image to a private repository in the Region of the function.",
    source=f"{_LAMBDA_IMAGES}#images-reqs",
)
def _function_image(function: Resource) -> Iterator[Problem]:
    path, image = _image_of(function)
    match = _PRIVATE.match(image)
    host = _HOST.match(image)
    if match is None and host is not None:
        yield Problem(path, f"Lambda does not pull from {host['host']}")
    if match is None or is_unresolved(match["region"]):
        return
    own = function.stack.region
    if own is not None and match["region"] != own:
        yield Problem(path, f"the image is in {match['region']}, the function is in {own}")


@warning_rule(
    "ECR702",
    "The image of a function is in the Region of the stack",
    types=[FUNCTION, SAM_FUNCTION],
    why="The template takes the account of the stack but one Region; in any other Region, Lambda "
    "rejects the image.",
    remedy="Write ${AWS::Region} in the URI, or Fn::GetAtt of the repository's RepositoryUri.",
    source=f"{_LAMBDA_IMAGES}#images-reqs",
)
def _portable_image(function: Resource) -> Iterator[Problem]:
    path, image = _image_of(function)
    match = _PRIVATE.match(image)
    if match is None or function.stack.region is not None:
        return
    if is_unresolved(match["account"]) and not is_unresolved(match["region"]):
        message = f"the image is in {match['region']}, wherever the stack is deployed"
        yield Problem(path, message)


@error_rule(
    "ECR704",
    "A repository admits Lambda for the functions of other accounts that run its images",
    types=[FUNCTION, SAM_FUNCTION],
    why="For a function of another account Lambda cannot add its own permission: it cannot pull "
    "the image, and the deployment of the function fails.",
    remedy="Allow the principal lambda.amazonaws.com ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer in the repository policy, with aws:SourceArn of the functions, and "
    "the account itself the same actions; a Repository of this library has "
    "grant_pull_to_lambda(account=…).",
    source=f"{_LAMBDA_IMAGES}#gettingstarted-images-permissions",
)
def _admitted_function(function: Resource) -> Iterator[Problem]:
    path, image = _image_of(function)
    match, own = _PRIVATE.match(image), function.stack.account
    if match is None or own in (None, match["account"]):
        return
    name = re.split("[:@]", image.partition("/")[2])[0]
    registry = RegistryId(match["account"], match["region"])
    repositories = [
        repository
        for repository in function.assembly.in_registry(registry, REPOSITORY)
        if repository.text("RepositoryName") == name and repository.is_created_with(function)
    ]
    # One that is defined in another app has a policy that is not known here.
    if repositories and all(_rejects(repository, str(own)) for repository in repositories):
        [first, *_] = repositories
        message = (
            f"the policy of {first.name_for(function)} in {match['account']} does not admit Lambda "
            f"for functions of {own}"
        )
        yield Problem(path, message)


def _rejects(repository: Resource, account: str) -> bool:
    """Tell whether a repository definitely does not admit Lambda for functions of an account."""
    if repository.get(_POLICY) is None:
        return repository.is_known
    is_json = all(policy.document is not None for policy in policies_of(repository))
    if not is_json or not is_policy_known(repository, _POLICY):
        return False
    admitting = [item for item in statements_of(repository) if _may_admit(item, account)]
    return not all(any(item.may(action) for item in admitting) for action in (_MANIFEST, _LAYERS))


def _may_admit(statement: Statement, account: str) -> bool:
    effect = statement.body.get("Effect")
    is_lambda = "NotPrincipal" in statement.body or any(
        value in (LAMBDA, "*") or is_unresolved(value) for _, value in statement.principals
    )
    return (
        (effect == "Allow" or is_unresolved(effect))
        and is_lambda
        and all(
            may_act_for(condition.operator, condition.key, condition.values, account)
            for condition in statement.conditions
        )
    )


def _image_of(function: Resource) -> tuple[Place, str]:
    """Return the place and the URI of a function's image; the URI is empty if there is none."""
    names = ("ImageUri",) if function.type == SAM_FUNCTION else ("Code", "ImageUri")
    image = function.get(*names)
    return ("Properties", *names), image if isinstance(image, str) else ""


@error_rule(
    "ECR703",
    "A task on Fargate has an execution role that can pull its images",
    types=[TASK_DEFINITION],
    why="Fargate pulls private images with the execution role; without it, or without its "
    "permissions, no task starts.",
    remedy="Set ExecutionRoleArn to a role with the managed policy "
    "service-role/AmazonECSTaskExecutionRolePolicy, or with ecr:GetAuthorizationToken on '*' and "
    "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
)
def _execution_role(task: Resource) -> Iterator[Problem]:
    compatibilities = task.get("RequiresCompatibilities")
    images = [item.get("Image") for _, item in task.mappings("ContainerDefinitions")]
    is_on_fargate = isinstance(compatibilities, list) and "FARGATE" in compatibilities
    if not is_on_fargate or not any(_is_private(task, image) for image in images):
        return
    arn = task.get("ExecutionRoleArn")
    if arn is None and task.is_known:
        message = "an image is in a private repository, but there is no ExecutionRoleArn"
        yield Problem(("Properties",), message)
    role = task.assembly.referred_to(arn)
    if role is not None and role.type == ROLE:
        permissions = permissions_of(role)
        missing = [action for action in _PULL if _lacks(role, permissions, action)]
        if missing:
            message = f"the execution role {role.name_for(task)} lacks {', '.join(missing)}"
            yield Problem(("Properties", "ExecutionRoleArn"), message)


_REFERENCE = re.compile(r"\$\{Token\[[^\[\]]*\]\}")


def _is_private(task: Resource, image: object) -> bool:
    """Tell whether an image definitely is in a private repository."""
    if not isinstance(image, str):
        return False
    reference = _REFERENCE.match(image)
    repository = task.assembly.referred_to(reference[0]) if reference else None
    is_ours = repository is not None and repository.type == REPOSITORY
    return is_ours or _PRIVATE.match(image) is not None
