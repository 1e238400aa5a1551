"""What the processes below this one have taken so far, from Linux's /proc.

`resource.RUSAGE_CHILDREN` knows only children that have ended, and its peak memory is that of the
largest one, no less than what their parent had when it forked them.
"""

import os
from pathlib import Path

from benchmarks.processes import MeasurementError

PROC = Path("/proc")


def require() -> None:
    """Make sure that there is a /proc to read.

    Raises:
        MeasurementError: There is none.
    """
    if not PROC.joinpath("self", "stat").exists():
        msg = "the usage of Node is read from /proc: run this on Linux, or in a container"
        raise MeasurementError(msg)


def descendants() -> list[int]:
    """Return the ids of all processes below this one."""
    parents = {pid: _parent(pid) for pid in _all()}
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time of processes that run, of all their threads."""
    ticks = sum(int(tick) for pid in pids for tick in _stat(pid)[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes(pids: list[int]) -> int:
    """Return the sum of the most memory that each process has held."""
    return sum(_peak(pid) for pid in pids)


def _all() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except OSError:  # It ended meanwhile.
        return 0


def _stat(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the state on: names may hold spaces."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _peak(pid: int) -> int:
    status = (PROC / str(pid) / "status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
