"""OpenTelemetry's door: what is recorded with, once an application has set up an SDK, and nothing before that.

Only ``opentelemetry-api`` is needed, and even that is not imported until somebody else has.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from .instruments import Instruments

#: Seconds for which "there is no SDK" is believed: asking costs more than a whole decision.
_RECHECK = 5.0

#: Where the API keeps the providers that record nothing.
_NOTHING = ("opentelemetry.trace", "opentelemetry.metrics")


class Telemetry:
    """Knows whether anything is recorded, and with what. Safe to share between threads.

    :param clock: seconds that never run backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tracer_provider: TracerProvider | None = None
        self._meter_provider: MeterProvider | None = None
        self._clock = clock
        self._instruments: Instruments | None = None
        self._believed_until = float("-inf")

    def use(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        """Record with other providers than the global ones; ``None`` leaves the global one in its place."""
        self._tracer_provider, self._meter_provider = tracer_provider, meter_provider
        self._instruments = None
        self._believed_until = float("-inf")

    def instruments(self) -> Instruments | None:
        """Return what to record with, ``None`` where no SDK has been set up."""
        if self._instruments is not None:
            return self._instruments
        # An SDK cannot have been set up without these modules.
        if self._tracer_provider is None and "opentelemetry.trace" not in sys.modules:
            return None
        if (now := self._clock()) < self._believed_until:
            return None
        self._believed_until = now + _RECHECK
        from opentelemetry import metrics, trace

        tracer_provider = self._tracer_provider or trace.get_tracer_provider()
        meter_provider = self._meter_provider or metrics.get_meter_provider()
        if _records(tracer_provider) or _records(meter_provider):
            from .instruments import Instruments

            self._instruments = Instruments(
                tracer_provider.get_tracer("flask_mcp_auth0", __version__),
                meter_provider.get_meter("flask_mcp_auth0", __version__),
            )
        return self._instruments


def current_trace_id() -> str | None:
    """Return the id of the trace that is being recorded, ``None`` where none is."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


def _records(provider: object) -> bool:
    return not type(provider).__module__.startswith(_NOTHING)
