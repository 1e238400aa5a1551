"""Functions of Lambda whose code is an image of the registry.

Lambda keeps the digest that the image had when the function was created or its code was updated.
It fetches the image again from time to time; if it is gone, or the policy of the repository no
longer allows it, the function fails. Here that is seen at once:
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    request_scope,
)
from ministack.core.router import extract_access_key_id
from ministack.services import ecr, lambda_svc
from ministack.services.cloudformation import provisioners

from local_aws.overlay import authorization, pull_times, references
from local_aws.overlay.operations import RejectedError

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members
    from local_aws.overlay.references import Reference

_SERVICE = "lambda.amazonaws.com"
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_SID = "LambdaECRImageRetrievalPolicy"
_OWN_POLICY = ("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy")
_DIGEST = "_imageDigest"
_INDEXES = ("image.index.v1+json", "manifest.list.v2+json")
_REASONS = {
    "ImageDeleted": "The image of the function no longer exists in its repository.",
    "ImageAccessDenied": "Lambda does not have permission to access the image of the function.",
}

_stock_build = lambda_svc._build_config
_stock_create = lambda_svc._create_function
_stock_update = lambda_svc._update_code
_stock_list = lambda_svc._list_functions


def _refusal(rejection: RejectedError) -> HttpAnswer:
    """Return an error as Lambda's API does."""
    status = 403 if rejection.code == "AccessDeniedException" else 400
    answer: HttpAnswer = error_response_json(rejection.code, str(rejection), status)
    return answer


def _admitted(reference: Reference, function_arn: str, policy: str | None = None) -> bool:
    """Tell whether Lambda may pull an image for a function, by default under the policy it has."""
    keys = {"aws:sourcearn": function_arn, "aws:sourceaccount": function_arn.split(":")[4]}
    with request_scope(reference.account, reference.region):
        return all(
            authorization.admits_service(
                _SERVICE, action, reference.repository, keys, policy=policy
            )
            for action in _ACTIONS
        )


def _admit(reference: Reference, function_arn: str) -> bool:
    """Let Lambda into a repository of the function's own account, as Lambda itself does.

    It does so if the caller may change the policy; CloudFormation may. A policy that denies it
    all the same is not changed.

    Returns:
        Whether Lambda may now pull.
    """
    caller = authorization.CALLER.get(None)
    if reference.account != get_account_id():
        return False
    if caller and any(
        authorization.denial(caller, action, reference.repository) for action in _OWN_POLICY
    ):
        return False
    policy = json.loads(ecr._repo_policies.get(reference.repository) or '{"Statement": []}')
    statements = policy["Statement"]
    others = [
        statement
        for statement in (statements if isinstance(statements, list) else [statements])
        if statement.get("Sid") != _SID
    ]
    functions = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:*"
    own = {
        "Sid": _SID,
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": list(_ACTIONS),
        "Condition": {"StringLike": {"aws:sourceArn": functions}},
    }
    text = json.dumps({"Version": "2008-10-17", **policy, "Statement": [*others, own]})
    is_admitted = _admitted(reference, function_arn, text)
    if is_admitted:
        ecr._repo_policies[reference.repository] = text
    return is_admitted


def _resolve(uri: str, function_arn: str) -> str:
    """Return the digest of the image that a function is to run.

    Raises:
        RejectedError: Lambda does not take it.
    """
    reference = references.parse(uri)
    if reference is None or reference.region != get_region():
        message = f"Source image {uri} is not valid. Provide a valid source image."
        raise RejectedError(message, "InvalidParameterValueException")
    image = reference.find()
    if image is None:
        message = f"Source image {uri} does not exist. Provide a valid source image."
        raise RejectedError(message, "InvalidParameterValueException")
    if image["imageManifestMediaType"].endswith(_INDEXES):
        message = "The image manifest, config or layer media type for the source image "
        message += f"{uri} is not supported."
        raise RejectedError(message, "InvalidParameterValueException")
    if not (_admitted(reference, function_arn) or _admit(reference, function_arn)):
        message = "Lambda does not have permission to access the ECR image. "
        message += "Check the ECR permissions."
        raise RejectedError(message, "AccessDeniedException")
    with request_scope(reference.account, reference.region):
        pull_times.record(image, "")
    return str(image["imageDigest"])


def build_config(name: str, members: Members, code_zip: bytes | None = None) -> Members:
    """Build the configuration of a function, with the digest of its image."""
    config: Members = _stock_build(name, members, code_zip)
    if config["PackageType"] == "Image":
        uri = members.get("Code", {}).get("ImageUri", "")
        config[_DIGEST] = _resolve(uri, config["FunctionArn"])
    return config


def create_function(members: Members) -> HttpAnswer:
    """Create a function, if Lambda takes its image."""
    try:
        answer: HttpAnswer = _stock_create(members)
    except RejectedError as rejection:
        return _refusal(rejection)
    return answer


def update_code(name: str, members: Members) -> HttpAnswer:
    """Update the code of a function, if Lambda takes its image."""
    function, uri = lambda_svc._functions.get(name), members.get("ImageUri")
    if not (function and uri):
        answer: HttpAnswer = _stock_update(name, members)
        return answer
    before = function["config"].get(_DIGEST)
    try:
        function["config"][_DIGEST] = _resolve(uri, function["config"]["FunctionArn"])
    except RejectedError as rejection:
        return _refusal(rejection)
    answer = _stock_update(name, members)
    if answer[0] >= 400:  # noqa: PLR2004
        function["config"][_DIGEST] = before
    return answer


def _add_to_cloudformation() -> None:
    """Resolve the image of a function that a stack creates: its handler does not use the API."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    stock_create = handlers["create"]

    def create(logical_id: str, properties: Members, stack: str) -> tuple[str, Members]:
        uri = properties.get("Code", {}).get("ImageUri")
        name = properties.get("FunctionName") or provisioners._physical_name(
            stack, logical_id, max_len=64
        )
        digest = _resolve(uri, lambda_svc._func_arn(name)) if uri else None
        created: tuple[str, Members] = stock_create(logical_id, properties, stack)
        if digest:
            lambda_svc._functions[created[0]]["config"][_DIGEST] = digest
        return created

    handlers["create"] = provisioners._lambda_create = create


def list_functions(query: Members) -> HttpAnswer:
    """List functions; with FunctionVersion=ALL, each of their versions."""
    if lambda_svc._qp_first(query, "FunctionVersion") != "ALL":
        answer: HttpAnswer = _stock_list(query)
        return answer
    start = int(lambda_svc._qp_first(query, "Marker") or 0)
    end = start + int(lambda_svc._qp_first(query, "MaxItems", "50"))
    versions = [
        {**config, "FunctionArn": f"{lambda_svc._func_arn(name)}:{config['Version']}"}
        for name, function in sorted(lambda_svc._functions.items())
        for config in (
            function["config"],
            *(version["config"] for version in function["versions"].values()),
        )
    ]
    more = {"NextMarker": str(end)} if end < len(versions) else {}
    listed: HttpAnswer = json_response({"Functions": versions[start:end], **more})
    return listed


# --- what is shown of a function ---


def _shown(config: Members) -> Members:
    """Return a configuration as Lambda shows it: members without a value are left out."""
    uri, digest = config.get("ImageUri"), config.get(_DIGEST)
    hidden = ("ImageUri", _DIGEST)
    shown = {
        name: value
        for name, value in config.items()
        if name not in hidden and (value not in ("", None) or name == "Description")
    }
    if shown.get("StateReasonCode") == "Updating":
        # Of ministack's own: a function is active while it is updated, as LastUpdateStatus says.
        shown = {name: value for name, value in shown.items() if not name.startswith("StateReason")}
        shown["State"] = "Active"
    if digest:
        shown["CodeSha256"] = digest.removeprefix("sha256:")
    problem = _problem(uri, digest, config["FunctionArn"]) if uri and digest else None
    if problem:
        shown |= {
            "State": "Failed",
            "StateReasonCode": problem,
            "StateReason": _REASONS[problem],
        }
    return shown


def _problem(uri: str, digest: str, function_arn: str) -> str | None:
    """Return why Lambda cannot fetch the image of a function again, or None."""
    reference = references.parse(f"{uri.partition('@')[0]}@{digest}")
    assert reference
    if reference.find() is None:
        return "ImageDeleted"
    unqualified = ":".join(function_arn.split(":")[:7])
    return None if _admitted(reference, unqualified) else "ImageAccessDenied"


def _with_images(value: Any) -> Any:
    """Return an answer in which each function of an image is shown as Lambda shows it."""
    if isinstance(value, list):
        return [_with_images(item) for item in value]
    if not isinstance(value, dict):
        return value
    config = value.get("Configuration")
    if isinstance(config, dict) and config.get("PackageType") == "Image" and "Code" in value:
        digest, code = config.get(_DIGEST), value["Code"]
        repository = code["ImageUri"].partition("@")[0]
        reference = references.parse(repository)
        if reference and digest:
            resolved = f"{reference.host}/{reference.repository}@{digest}"
            value = {**value, "Code": {**code, "ResolvedImageUri": resolved}}
    if value.get("PackageType") == "Image" and "FunctionArn" in value:
        return _shown(value)
    return {name: _with_images(item) for name, item in value.items()}


def install() -> None:
    """Put these before ministack's: its functions call each other by these names."""
    stock = lambda_svc.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Members
    ) -> HttpAnswer:
        key = extract_access_key_id(headers, query)
        authorization.CALLER.set(authorization.Caller(key, get_account_id()))
        status, answered, content = await stock(method, path, headers, body, query)
        if status < 300 and content[:1] == b"{":  # noqa: PLR2004
            content = json.dumps(_with_images(json.loads(content))).encode()
            answered = {
                name: value for name, value in answered.items() if name.lower() != "content-length"
            }
        return status, answered, content

    lambda_svc.handle_request = handle_request
    lambda_svc._build_config = build_config
    lambda_svc._create_function = create_function
    lambda_svc._update_code = update_code
    lambda_svc._list_functions = list_functions
    _add_to_cloudformation()
