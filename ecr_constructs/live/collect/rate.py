"""How often an operation may be called: as often as AWS answers, and slower once it throttles.

AWS limits each operation of its own. botocore's adaptive mode has one limit for all operations of a
client, so that one that is throttled would slow the others down.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SLOWER = 0.7
_LEAST = 0.5
# What one answer adds to the calls a second.
_FASTER = 0.05
# Calls that are under way when AWS throttles are throttled too: that is one reason to be slower.
_PAUSE_SECONDS = 1.0


class Rate:
    """The rate of one operation.

    There is no limit until AWS throttles. Then it is below what was reached, and grows slowly.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Begin without a limit."""
        self.limit: float | None = None
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._sent: deque[float] = deque(maxlen=1000)
        self._next = self._reduced = 0.0

    def wait(self) -> None:
        """Wait until the operation may be called."""
        with self._lock:
            now = self._clock()
            begin = now
            if self.limit is not None:
                begin = max(now, self._next)
                self._next = begin + 1 / self.limit
            self._sent.append(begin)
        if begin > now:
            self._sleep(begin - now)

    def throttled(self) -> None:
        """Be slower."""
        with self._lock:
            now = self._clock()
            if self.limit is not None and now - self._reduced < _PAUSE_SECONDS:
                return
            reached = sum(1 for sent in self._sent if now - _PAUSE_SECONDS <= sent <= now)
            self.limit = max(_LEAST, _SLOWER * min(self.limit or reached, max(reached, 1)))
            self._reduced = now

    def answered(self) -> None:
        """Be a little faster."""
        with self._lock:
            if self.limit is not None:
                self.limit += _FASTER


class Rates:
    """The rates of all operations of a Region."""

    def __init__(self) -> None:
        """Begin without limits."""
        self._rates: defaultdict[str, Rate] = defaultdict(Rate)
        self._lock = threading.Lock()

    def __getitem__(self, operation: str) -> Rate:
        """Return the rate of an operation."""
        with self._lock:
            return self._rates[operation]
