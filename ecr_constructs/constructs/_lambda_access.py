"""Lambda functions that run images of a repository, and whether its policy admits them.

Lambda pulls as a service on behalf of a function. In the repository's account Lambda adds the
permission itself, if the caller may change the repository policy; for another account only the
repository policy can admit it
(https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions).
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from ecr_constructs.constructs._app_registry import AppRegistry, ImageFunction
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import admits_functions
from ecr_constructs.model.tokens import is_unresolved


def pull_to_lambda(*, functions: object = (), account: str | None = None) -> str:
    """Return the call that admits Lambda for functions of an account."""
    arguments = [f"functions={functions!r}"] * bool(functions)
    if account is not None and is_unresolved(account):
        arguments.append("account='…' (the account of the functions)")
    elif account is not None:
        arguments.append(f"account={account!r}")
    return f"grant_pull_to_lambda({', '.join(arguments)})"


def function_errors(
    repository: ecr.RepositoryBase,
    name: str,
    statements: Iterable[Mapping[str, Any]],
    location: tuple[str, str],
    where: str,
) -> list[str]:
    """Return an error for each function whose image Lambda cannot pull.

    It is in another Region, or in an account that the policy does not admit.

    The location is the account and Region of the repository, the statements are those of its
    policy as they are rendered, and ``where`` says on what to call the suggestion. A function in a
    stack without an account may be in any account, which is a warning.
    """
    account, region = location
    # The module is large, so that an app without functions does not import it.
    if is_unresolved(account) or "aws_cdk.aws_lambda" not in sys.modules:
        return []
    statements, errors = [*statements], []
    for function in AppRegistry.of(repository).functions:
        if not function.runs(f"{account}.dkr.ecr.{region}.", name):
            continue
        if not (is_unresolved(function.region) or function.region == region):
            errors.append(str(_of_other_region(repository, name, region, function)))
            continue
        if function.account == account:
            continue
        arn = function.name and (
            f"arn:{partition_in(region)}:lambda:{region}:{function.account}:function:{function.name}"
        )
        if any(admits_functions(statement, function.account, arn) for statement in statements):
            continue
        is_unknown = is_unresolved(function.account)
        owner = "the account of its stack" if is_unknown else function.account
        error = Diagnostic(
            "lambda-account-not-admitted",
            f"{function.path} runs an image of the repository {name!r} of {account}, whose policy "
            f"does not admit Lambda for functions of {owner}",
            repository.node.path,
            f"call {pull_to_lambda(account=function.account)} {where}",
        )
        if is_unknown:
            cdk.Annotations.of(repository).add_warning_v2(
                f"ecr-constructs:lambdaAccount:{function.path}", f"{error.message}; {error.remedy}"
            )
        else:
            errors.append(str(error))
    return errors


def _of_other_region(
    repository: ecr.RepositoryBase, name: str, region: str, function: ImageFunction
) -> Diagnostic:
    return Diagnostic(
        "lambda-other-region",
        f"{function.path} in {function.region} runs an image of the repository {name!r} in "
        f"{region}; Lambda pulls only from repositories of the Region of the function",
        repository.node.path,
        "replicate the repository to that Region, and run the image of the replica",
    )
