"""The collector of snapshots: reads what is selected of accounts and Regions, and changes nothing.

`snapshot_of` returns a snapshot in memory; `write_snapshots` writes one to a file for each account
and Region, page by page.
"""

from ecr_constructs.live.collect.accounts import (
    Role,
    accounts_of,
    targets,
    write_snapshots,
)
from ecr_constructs.live.collect.collector import Collector, snapshot_of, write_snapshot
from ecr_constructs.snapshot.result import Failure, Summary, Target

__all__ = (
    "Collector",
    "Failure",
    "Role",
    "Summary",
    "Target",
    "accounts_of",
    "snapshot_of",
    "targets",
    "write_snapshot",
    "write_snapshots",
)
