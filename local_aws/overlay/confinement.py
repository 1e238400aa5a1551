"""The embedded AWS runs no program of a user, and opens no connection.

ministack can: Lambda and Glue run code as the user who started it, topics, rules and APIs send
requests to any address. None of it is needed to try a registry. Here the interpreter itself
forbids it, so that no part of ministack needs to be trusted; the parts that a user meets say so.
https://docs.python.org/3/library/audit_events.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import _posixsubprocess
import errno
import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members

SERVICES = (
    *("batch", "cloudformation", "codebuild", "ec2", "ecr", "ecs", "events", "iam"),
    *("inspector2", "kms", "lambda", "logs", "monitoring", "s3", "secretsmanager", "sns", "sqs"),
    *("ssm", "sts", "tagging"),
)
"""The services that are served; ministack's names."""

_PROGRAMS = {
    *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile"),
    *("os.startfile/2", "os.system", "pty.spawn", "subprocess.Popen"),
}
_CONNECTIONS = {
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname"),
    *("socket.getnameinfo", "socket.sendmsg", "socket.sendto"),
}
# Resource types that exist to run code or to send requests.
_OFF = (
    *("AWS::Glue::", "AWS::StepFunctions::", "AWS::Pipes::", "AWS::Scheduler::", "AWS::ApiGateway"),
    *("AWS::AppSync::", "AWS::Events::ApiDestination", "AWS::Events::Connection"),
)
_RUNS_NOTHING = "The embedded AWS runs no functions"


def forbid_programs_and_connections(address: tuple[str, int]) -> None:
    """Forbid both for the rest of this process, and to listen at any other address.

    The error is a PermissionError, which is what code that tries it expects to meet.
    """

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            msg = f"The embedded AWS runs no programs ({event})"
            raise PermissionError(errno.EPERM, msg)
        if event in _CONNECTIONS or (event == "socket.bind" and arguments[1] != address):
            msg = f"The embedded AWS opens no connections ({event})"
            raise PermissionError(errno.EPERM, msg)

    def fork_exec(*_: object) -> NoReturn:
        msg = "The embedded AWS runs no programs (fork_exec)"
        raise PermissionError(errno.EPERM, msg)

    sys.addaudithook(audit)
    # multiprocessing calls it without an audit event.
    vars(_posixsubprocess)["fork_exec"] = fork_exec


async def _not_served(
    _: str, __: str, headers: dict[str, str], ___: bytes, ____: Members
) -> HttpAnswer:
    """Reject a request to a service that is not served, in the format of its protocol."""
    from ministack.core.responses import error_response_json, error_response_xml  # noqa: PLC0415

    _, _, scope = headers.get("authorization", "").partition("Credential=")
    service = (scope.split("/") + [""] * 4)[3] or "this service"
    message = f"The embedded AWS does not serve {service}"
    is_query = "form-urlencoded" in headers.get("content-type", "")
    answer: HttpAnswer = (
        error_response_xml("InvalidAction", message, 400)
        if is_query
        else error_response_json("InvalidAction", message, 400)
    )
    return answer


class _Handlers(dict[str, Any]):
    """The handlers of the services that are served; others are rejected."""

    def get(self, service: str, _: Any = None) -> Any:
        """Return the handler of a service."""
        return super().get(service, _not_served)


def install() -> None:
    """Answer with a sentence where code would have run, and where nothing is served."""
    # Imported here, because importing them imports ministack, which reads the environment.
    from ministack import app  # noqa: PLC0415
    from ministack.core import router  # noqa: PLC0415
    from ministack.services import lambda_svc  # noqa: PLC0415
    from ministack.services.cloudformation import custom_resource, provisioners  # noqa: PLC0415

    stock = lambda_svc.handle_request

    async def handle_lambda(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Members
    ) -> HttpAnswer:
        if "invocations" in path or path.rstrip("/").endswith("invoke-async"):
            answer = {"Type": "User", "message": _RUNS_NOTHING}
            kind = {"Content-Type": "application/json", "x-amzn-errortype": "AccessDeniedException"}
            return 403, kind, json.dumps(answer).encode()
        answered: HttpAnswer = await stock(method, path, headers, body, query)
        return answered

    def execute(*_: object, **__: object) -> Members:
        return {"body": {"errorMessage": _RUNS_NOTHING, "errorType": "Off"}, "error": True}

    def custom(_: str, logical_id: str, *__: object, **___: object) -> NoReturn:
        msg = f"{_RUNS_NOTHING}: the custom resource {logical_id} cannot be deployed to it"
        raise ValueError(msg)

    app.SERVICE_HANDLERS = _Handlers(app.SERVICE_HANDLERS)
    # A signed request is for the service that it names. ministack would read each model of botocore
    # to find out, and let all other requests wait for some seconds.
    router._is_aws_service_name = lambda _: True
    lambda_svc.handle_request = handle_lambda
    lambda_svc._execute_function_dispatch = execute
    custom_resource.invoke_custom_resource = custom
    for resource_type in [*provisioners._RESOURCE_HANDLERS]:
        if resource_type.startswith(_OFF):
            del provisioners._RESOURCE_HANDLERS[resource_type]
