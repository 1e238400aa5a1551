"""The collector of snapshots: reads what is selected of an account and Region, and changes nothing.

`snapshot_of` returns a snapshot in memory; `write_snapshot` writes one to a file, page by page.
"""

from ecr_constructs.live.collect.collector import Collector, snapshot_of, write_snapshot

__all__ = ("Collector", "snapshot_of", "write_snapshot")
