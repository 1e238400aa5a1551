"""Make the calls of a plan at the same time, and hand each page on at once."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from ecr_constructs.live import LiveError
from ecr_constructs.model.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ecr_constructs.snapshot.document import Record
    from ecr_constructs.snapshot.plan import Call, Plan


def run(
    plan: Plan,
    calls: Iterable[Call],
    pages: Callable[[Call], Iterator[Record]],
    write: Callable[[Record], None],
    *,
    concurrency: int,
    done: Callable[[int], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Make calls, and those that follow from them, until there is none left.

    Args:
        plan: What follows from an answer.
        calls: The first calls.
        pages: Makes a call.
        write: Is given each page, from several threads.
        concurrency: The calls that are made at the same time.
        done: Is called with the number of calls that have ended since it was called last.
        stop: Ends it when it is set. Default: nothing does.

    Raises:
        LiveError: ``snapshot-interrupted``: `stop` was set.
        Exception: The first one that `pages` or `write` raises, after the calls that were under
            way have ended or stopped at a page.
    """
    waiting, ended_early = deque(calls), threading.Event()
    running: set[Future[list[Call]]] = set()

    def make(call: Call) -> list[Call]:
        for record in pages(call):
            plan.add(record)
            write(record)
            if ended_early.is_set() and record.more:
                return []
        return plan.after(call)

    with ThreadPoolExecutor(concurrency) as pool:
        try:
            while waiting or running:
                if stop is not None and stop.is_set():
                    raise LiveError(Diagnostic("snapshot-interrupted", "the run was interrupted"))
                while waiting and len(running) < concurrency:
                    running.add(pool.submit(make, waiting.popleft()))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                done(len(ended))
                for future in ended:
                    waiting.extend(future.result())
        finally:
            ended_early.set()
