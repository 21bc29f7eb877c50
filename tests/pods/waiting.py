"""Waiting for a condition, always with a limit and a name for what is awaited."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.1


class NotYet(Exception):
    """A condition cannot be looked at now: nobody answers, or the answer is an error. Waiting goes on and remembers the reason."""


class TimedOut(AssertionError):
    """A condition did not come true within its limit."""


def wait_for(condition: Callable[[], T | None], limit_seconds: float, what: str) -> T:
    """The first value of `condition` that is neither None nor False, asked ten times a second; TimedOut, with `what` and the last
    value or reason, when none comes within the limit."""
    deadline = time.monotonic() + limit_seconds
    while True:
        seen: object
        try:
            value = condition()
            if value is not None and value is not False:
                return value
            seen = value
        except NotYet as reason:
            seen = reason
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {limit_seconds:g} s: {what} (last seen: {seen})")
        time.sleep(POLL_SECONDS)


def never(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Watches for `seconds` that `condition` stays false; AssertionError with `what` when it comes true. NotYet counts as false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            value = condition()
        except NotYet:
            value = None
        assert not value, f"{what}: {value}"
        time.sleep(POLL_SECONDS)
