"""The last few of what is costly to make, by key; safe with threads, and across a fork."""
from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from typing import Any, Callable, Hashable, TypeVar

Made = TypeVar('Made')
_caches: 'weakref.WeakSet[Cache]' = weakref.WeakSet()


class Cache:
    """Keeps the `limit` entries used last."""

    def __init__(self, limit: int):
        self.limit = limit
        self._entries: 'OrderedDict[Hashable, Any]' = OrderedDict()
        self._lock = threading.Lock()
        _caches.add(self)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What make() gave for this key. Made outside of the lock: two threads may make the same,
        and one of them is kept."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
                return found
        made = make()
        dropped = []        # destroyed when the lock is free again
        with self._lock:
            made = self._entries.setdefault(key, made)
            while len(self._entries) > max(self.limit, 1):
                dropped.append(self._entries.popitem(last=False))
        return made

    def clear(self) -> None:
        with self._lock:
            entries, self._entries = self._entries, OrderedDict()
        entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


def _after_fork_in_child() -> None:
    """A lock that another thread of the parent held would never be released here."""
    for cache in _caches:
        cache._lock = threading.Lock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork_in_child)
