"""The Management API's rate limits: token buckets, as each plan has them.

One bucket for the whole tenant and, on some plans, one for an endpoint. Off unless asked for: a demo should
not wait.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .model import Clock


class Rate(NamedTuple):
    """``burst`` requests at once, then ``per_second``."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a plan. ``endpoints`` maps the beginning of an endpoint's name to its own limit."""

    everything: Rate | None
    endpoints: Mapping[str, Rate] = field(default_factory=dict)


PLANS: Mapping[str, Plan] = {
    "free": Plan(Rate(2, 2)),
    "essentials": Plan(
        None,
        {
            "GET /api/v2/users": Rate(40, 500 / 60),
            "GET /api/v2/clients": Rate(5, 100 / 60),
            "GET /api/v2/connections": Rate(5, 50 / 60),
        },
    ),
    "enterprise": Plan(Rate(50, 16)),
    "enterprise-non-production": Plan(Rate(10, 2)),
}


class Verdict(NamedTuple):
    """Whether a request may pass, and what Auth0 says about it in headers."""

    allowed: bool
    limit: int
    remaining: int
    reset: int  # Unix seconds: when a refused request can be tried again, else when the bucket is full again

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
        }


class RateLimiter:
    """The buckets of a tenant. Safe between threads.

    :param plan: one of :data:`PLANS`, or the limits themselves.
    :param clock: seconds since the epoch.
    :raises KeyError: for a plan of another name.
    """

    def __init__(self, plan: str | Plan, clock: Clock) -> None:
        limits = PLANS[plan] if isinstance(plan, str) else plan
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets = {"": _Bucket(limits.everything, clock())} if limits.everything else {}
        self._buckets.update({start: _Bucket(rate, clock()) for start, rate in limits.endpoints.items()})

    def take(self, endpoint: str) -> Verdict | None:
        """Count one request for an endpoint (``GET /api/v2/users/{id}``); ``None`` when nothing limits it.

        A request that one bucket refuses takes nothing from the others. The verdict is of the bucket with
        the least left.
        """
        with self._lock:
            now = self._clock()
            touched = [bucket for start, bucket in self._buckets.items() if endpoint.startswith(start)]
            if not touched:
                return None
            for bucket in touched:
                bucket.refill(now)
            tightest = min(touched, key=lambda bucket: bucket.level)
            if tightest.level < 1:
                return tightest.verdict(False, now)
            for bucket in touched:
                bucket.level -= 1
            return tightest.verdict(True, now)


class _Bucket:
    def __init__(self, rate: Rate, now: float) -> None:
        self.rate, self.level, self.at = rate, float(rate.burst), now

    def refill(self, now: float) -> None:
        # A clock that was set back refills nothing.
        self.level = min(self.rate.burst, self.level + max(0.0, now - self.at) * self.rate.per_second)
        self.at = now

    def verdict(self, allowed: bool, now: float) -> Verdict:
        missing = self.rate.burst - self.level if allowed else 1 - self.level
        reset = math.ceil(now + missing / self.rate.per_second)
        return Verdict(allowed, self.rate.burst, math.floor(self.level), reset)
