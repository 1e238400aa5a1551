"""Snapshots of several accounts and Regions; a failure in one does not stop the others."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.live import LiveError
from ecr_constructs.live.collect.collector import identity_of, write_snapshot
from ecr_constructs.live.session import no_progress, role_credentials
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.snapshot_sources.operation import Operation, Paging
from ecr_constructs.snapshot.plan import Call
from ecr_constructs.snapshot.result import Failure, Summary, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ecr_constructs.live.collect.caller import Caller
    from ecr_constructs.live.collect.collector import Collector, Summary
    from ecr_constructs.live.session import AwsSession
    from ecr_constructs.snapshot.document import Header

_AT_ONCE = 8
_SESSION_NAME = "ecr-constructs-snapshot"
_ACCOUNTS = Operation(
    "organizations", "ListAccounts", "Accounts", Paging(20, "NextToken", "MaxResults")
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role that each account has.

    Attributes:
        name: Its name, with its path.
        external_id: What its trust policy asks for. Default: nothing.
    """

    name: str
    external_id: str = ""

    def arn(self, account: str, region: str) -> str:
        """Return its ARN in an account."""
        return f"arn:{partition_of(region)}:iam::{account}:role/{self.name}"


def targets(accounts: Sequence[str | None], regions: Sequence[str | None]) -> list[Target]:
    """Return each account with each Region. The first Region has what is alike in all of them."""
    first = regions[0] or ""
    return [
        Target(account, region, "" if number == 0 else first)
        for account in accounts
        for number, region in enumerate(regions)
    ]


def accounts_of(caller: Caller) -> list[str]:
    """Return the active accounts of the caller's organization.

    Raises:
        LiveError: ``organization-unread``: AWS refuses to list them.
    """
    accounts: list[str] = []
    for page in caller.pages(Call(_ACCOUNTS, {})):
        if page.output is None:
            assert page.error is not None
            message = f"cannot list the accounts: {page.error.code}: {page.error.message}"
            remedy = "use the management account or a delegated administrator, or give --accounts"
            raise LiveError(Diagnostic("organization-unread", message, remedy=remedy))
        accounts += (
            str(account["Id"])
            for account in page.output["Accounts"]
            if account.get("State", account.get("Status")) == "ACTIVE"
        )
    return sorted(accounts)


def write_snapshots(
    collector: Collector,
    wanted: Sequence[Target],
    path: Callable[[Header], Path],
    *,
    profile: str | None = None,
    role: Role | None = None,
    restart: bool = False,
) -> list[Summary | Failure]:
    """Write a snapshot of each account and Region, several at the same time.

    Args:
        collector: What is asked.
        wanted: The accounts and Regions.
        path: Returns the file of a snapshot.
        profile: The profile of the AWS CLI. Default: that of the environment.
        role: The role to assume in an account that is not the caller's own. Default: none.
        restart: Whether to ignore what was interrupted.

    Returns:
        What became of each, in the order in which they were given.

    Raises:
        LiveError: The caller's own credentials are not valid.
    """
    stop = threading.Event()
    caller = collector.caller(wanted[0].region, profile=profile)
    own = None
    if any(target.account for target in wanted):
        own = str(identity_of(caller)["Account"])
    access = _Access(collector, caller.session, profile, own, role)

    def write(target: Target) -> Summary | Failure:
        try:
            return write_snapshot(
                collector,
                access.caller(target),
                path,
                account=target.account,
                skip_global=target.skip_global,
                restart=restart,
                stop=stop,
            )
        except DiagnosticError as error:
            return Failure(target, error)
        finally:
            # Clients of botocore are cycles, and the command line collects none.
            gc.collect()

    if len(wanted) == 1:
        return [write(wanted[0])]
    progress, collector.progress = collector.progress, no_progress
    results = []
    with ThreadPoolExecutor(_AT_ONCE) as pool, progress("reading registries", len(wanted)) as done:
        try:
            for result in pool.map(write, wanted):
                results.append(result)
                done(1)
        finally:
            # After Ctrl-C the others end, too.
            stop.set()
    return results


@dataclass(frozen=True, slots=True)
class _Access:
    """How accounts are reached: with the caller's credentials, or through a role."""

    collector: Collector
    source: AwsSession
    profile: str | None
    own: str | None
    role: Role | None

    def caller(self, target: Target) -> Caller:
        """Return what makes the calls in an account and Region."""
        if target.account in (None, self.own):
            return self.collector.caller(target.region, profile=self.profile)
        if self.role is None:
            message = f"account {target.account} is not the caller's"
            raise LiveError(Diagnostic("role-missing", message, remedy="give --role NAME"))
        region = target.region or str(self.source.region)
        credentials = role_credentials(
            self.source,
            self.role.arn(str(target.account), region),
            session_name=_SESSION_NAME,
            external_id=self.role.external_id,
        )
        return self.collector.caller(target.region, credentials=credentials)
