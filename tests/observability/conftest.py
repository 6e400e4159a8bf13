"""An app whose traces and metrics are kept in memory, and whose audit records are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ..extension.conftest import Site
from ..issuer import Issuer

Attributes = Mapping[str, Any]


class Recorded:
    """What an SDK of its own has recorded of a site."""

    def __init__(self, site: Site) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self._meter_provider = MeterProvider([self._reader])
        self._site = site

    def start(self) -> Recorded:
        """Start the site."""
        self._site.start()
        state = self._site.app.extensions["mcp_auth0"]
        state.telemetry.use(self.tracer_provider, self._meter_provider)
        return self

    def spans(self, prefix: str = "") -> list[ReadableSpan]:
        """Return the finished spans whose names begin so."""
        return [span for span in self._exporter.get_finished_spans() if span.name.startswith(prefix)]

    def span(self, prefix: str) -> ReadableSpan:
        """Return the only span whose name begins so."""
        (span,) = self.spans(prefix)
        return span

    def attributes(self, prefix: str) -> Attributes:
        """Return the attributes of the only span whose name begins so."""
        return self.span(prefix).attributes or {}

    def points(self, metric: str) -> list[Any]:
        """Return the data points of a metric."""
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for found in scope.metrics
            if found.name == metric
            for point in found.data.data_points
        ]

    def histogram(self, metric: str) -> HistogramDataPoint:
        """Return the only data point of a histogram."""
        (point,) = self.points(metric)
        assert isinstance(point, HistogramDataPoint)
        return point


@pytest.fixture
def site(issuer: Issuer) -> Site:
    return Site(issuer)


@pytest.fixture
def recorded(site: Site) -> Recorded:
    return Recorded(site)


class Records(logging.Handler):
    """Keeps the records of a logger."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(record)

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return the attributes of the audit records of one kind of event."""
        return [vars(record) for record in self.all if vars(record).get("event") == event]

    def one(self, event: str) -> dict[str, Any]:
        """Return the only one."""
        (record,) = self.said(event)
        return record


@pytest.fixture
def audited() -> Iterator[Records]:
    """The audit log, switched on."""
    log, records = logging.getLogger("flask_mcp_auth0.audit"), Records()
    log.addHandler(records)
    log.setLevel(logging.INFO)
    yield records
    log.removeHandler(records)
    log.setLevel(logging.NOTSET)
