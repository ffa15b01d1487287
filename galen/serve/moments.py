"""Now, and ids that nobody can guess."""

import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, date, datetime


def now_in_microseconds() -> int:
    """The wall clock, since 1970."""
    return time.time_ns() // 1000


def day_of(moment: int) -> date:
    """The day of microseconds since 1970, in UTC."""
    return datetime.fromtimestamp(moment / 1e6, UTC).date()


def random_ids() -> Callable[[], str]:
    """Ids of 128 random bits, seeded by the system once: asking it each time costs a millisecond
    on some machines."""
    draw = random.Random(secrets.randbits(256))
    return lambda: f"{draw.getrandbits(128):032x}"
