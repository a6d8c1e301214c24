"""The memory ledger: bytes of each device are admitted here before anything is allocated.

An account is whatever takes memory: a model's weights, a section that was read, a conversation's words, the running
batch. Accounts that nobody uses at the moment rest here with a way to let them go; they leave when others need room.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from queue import Empty, SimpleQueue

import torch

Bytes = Mapping[torch.device, int]


def added(*parts: Bytes) -> Bytes:
    """The sum of several amounts, device by device."""
    total: Counter[torch.device] = Counter()
    for part in parts:
        total.update(part)
    return total


class Ledger:
    """What is admitted on each device, within its limit in bytes; devices without a limit take everything.

    Safe to use from any thread: hold `lock` over several calls that belong together.
    """

    def __init__(self, limits: Bytes | None = None) -> None:
        self.lock = threading.RLock()
        self.limits = dict(limits or {})
        self.peak: Counter[torch.device] = Counter()  # most bytes that were ever admitted at once
        self._accounts: dict[Hashable, Bytes] = {}
        self._fixed: set[Hashable] = set()
        self._resting: OrderedDict[Hashable, Callable[[], None]] = OrderedDict()
        self._closed: SimpleQueue[Hashable] = SimpleQueue()
        self._waiting: list[Callable[[], None]] = []

    def fix(self, account: Hashable, nbytes: Bytes) -> None:
        """Count what is there already and stays, such as weights."""
        with self.lock:
            self._fixed.add(account)
            self._set(account, nbytes)

    def admit(self, account: Hashable, nbytes: Bytes) -> bool:
        """Let an account take so many bytes, more or fewer than before; False: there is no room for them now.

        Accounts at rest leave first, who rested longest before the others, but none if that would not do.
        """
        with self.lock:
            self._collect()
            had = self._accounts.get(account, {})
            more = {device: count - had.get(device, 0) for device, count in nbytes.items()}
            if not self._fits(more, [self._accounts[name] for name in self._resting if name != account]):
                return False
            while not self._fits(more):
                self._leave(next(name for name in self._resting if name != account))
            self._set(account, nbytes)
            return True

    def release(self, account: Hashable) -> None:
        """Close an account, whose memory is free again. Whoever waits for room is told."""
        with self.lock:
            self._accounts.pop(account, None)
            self._resting.pop(account, None)
            self._tell()

    def close(self, account: Hashable) -> None:
        """The same for finalizers: takes no lock, and is counted when room is next asked for."""
        self._closed.put(account)

    def rest(self, account: Hashable, leave: Callable[[], None], *, nbytes: Bytes | None = None) -> None:
        """Nobody uses this account now; `leave` frees its memory when others need it.

        From now on it counts `nbytes`, where it holds fewer than were admitted.
        """
        with self.lock:
            if account in self._accounts:
                if nbytes is not None:
                    self._set(account, nbytes)
                self._resting[account] = leave
                self._resting.move_to_end(account)
                self._tell()

    def use(self, account: Hashable) -> bool:
        """Take an account from its rest; whether it is still there."""
        with self.lock:
            self._resting.pop(account, None)
            return account in self._accounts

    def make_leave(self, account: Hashable) -> None:
        """Let an account at rest go."""
        with self.lock:
            if account in self._resting:
                self._leave(account)

    def free(self, device: torch.device, *, at_most: bool = False) -> int | None:
        """Bytes that are left on a device; `at_most`: if everything left that can. None: it has no limit."""
        with self.lock:
            self._collect()
            if device not in self.limits:
                return None
            counted = self._fixed if at_most else self._accounts
            return self.limits[device] - sum(self._accounts[name].get(device, 0) for name in counted)

    def lacks(self, nbytes: Bytes) -> torch.device | None:
        """The device that could not hold so many bytes even if everything left that can."""
        for device, count in nbytes.items():
            free = self.free(device, at_most=True)
            if free is not None and count > free:
                return device
        return None

    def used(self, device: torch.device) -> int:
        """Bytes that are admitted on a device."""
        with self.lock:
            self._collect()
            return sum(account.get(device, 0) for account in self._accounts.values())

    def when_released(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when memory is next released or put to rest."""
        with self.lock:
            self._waiting.append(wake)

    def _fits(self, more: Bytes, leaving: list[Bytes] | None = None) -> bool:
        for device, count in more.items():
            if count > 0 and device in self.limits:
                freed = sum(account.get(device, 0) for account in leaving or ())
                if self.used(device) - freed + count > self.limits[device]:
                    return False
        return True

    def _leave(self, account: Hashable) -> None:
        leave = self._resting.pop(account)
        self._accounts.pop(account, None)
        leave()

    def _set(self, account: Hashable, nbytes: Bytes) -> None:
        self._accounts[account] = dict(nbytes)
        for device in nbytes:
            self.peak[device] = max(self.peak[device], self.used(device))

    def _collect(self) -> None:
        while True:
            try:
                closed = self._closed.get_nowait()
            except Empty:
                return
            self._accounts.pop(closed, None)
            self._resting.pop(closed, None)
            self._fixed.discard(closed)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()
