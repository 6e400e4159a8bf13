"""What an operator sees of the server: audit log, request ids, traces, metrics, timings, health."""

from __future__ import annotations

from .audit import JSONFormatter
from .request_ids import RequestIdFilter, current_request_id

__all__ = ["JSONFormatter", "RequestIdFilter", "current_request_id"]
