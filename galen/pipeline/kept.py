"""What channels keep of people between requests, so that a new event costs one step."""

import threading
from collections import OrderedDict
from typing import Any


class KeptStates:
    """Of the people who asked last; what is kept can always be made again from the history."""

    def __init__(self, people: int) -> None:
        """Keep at most `people` entries."""
        self._most = people
        self._found: OrderedDict[tuple[int, int], tuple[object, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, owner: object, user: int) -> Any | None:
        """What `owner` put there for a user."""
        key = (id(owner), user)
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key][1]

    def put(self, owner: object, user: int, value: Any) -> None:
        """Keep a value in the place of the one before; the owner lives as long as it is kept."""
        with self._lock:
            self._found[id(owner), user] = (owner, value)
            self._found.move_to_end((id(owner), user))
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def forget(self, user: int) -> None:
        """Drop what is kept of a user."""
        with self._lock:
            for key in [key for key in self._found if key[1] == user]:
                del self._found[key]
