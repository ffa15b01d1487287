"""What comes of a write, once it is done."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Told = TypeVar("Told")


def certain() -> "Future[Any]":
    """A future of what is done in any case: who no longer waits for it cannot cancel it."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def then(first: "Future[Any]", told: Callable[[Any], Told]) -> "Future[Told]":
    """A future of what `told` makes of the first one's result."""
    second = certain()

    def done(first: "Future[Any]") -> None:
        try:
            second.set_result(told(first.result()))
        except Exception as error:
            second.set_exception(error)

    first.add_done_callback(done)
    return second
