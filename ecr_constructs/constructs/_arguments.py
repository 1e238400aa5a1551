"""The checks of the arguments of constructs that need CDK."""

from collections.abc import Iterator
from weakref import WeakSet

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.model.arguments import CHECKS, checked
from ecr_constructs.model.diagnostics import Diagnostic

__all__ = ["checked"]

_within_stacks: WeakSet[Construct] = WeakSet()


def _scope_errors(path: str, scope: Construct) -> Iterator[Diagnostic]:
    """Yield a problem if a scope is not within a stack; asked for once for each scope."""
    if isinstance(scope, cdk.Stack) or scope in _within_stacks:
        return
    if isinstance(scope, cdk.Stage) or not any(
        isinstance(node, cdk.Stack) for node in scope.node.scopes
    ):
        yield Diagnostic(
            "scope-without-stack",
            f"must be a stack or a construct within one, got {type(scope).__name__} "
            f"{scope.node.path!r}",
            path,
            "write stack = cdk.Stack(app, 'Registry') and give the stack",
        )
        return
    _within_stacks.add(scope)


CHECKS[Construct] = _scope_errors
