"""An OpenTelemetry collector in a thread: takes what exporters send (OTLP over HTTP), and keeps it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from werkzeug.serving import make_server

T = TypeVar("T")


class Collector:
    """Use it as a context manager."""

    def __init__(self) -> None:
        self.spans: dict[str, Any] = {}
        self.services: set[str] = set()
        self.metrics: dict[str, Any] = {}
        self._changed = threading.Condition()
        app = Flask("collector")
        app.add_url_rule("/v1/traces", view_func=self._traces, methods=["POST"])
        app.add_url_rule("/v1/metrics", view_func=self._metrics, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def wait_for(self, what: Callable[[], T]) -> T:
        """Return what is there, once it is true."""
        with self._changed:
            assert self._changed.wait_for(what, timeout=60), (sorted(self.spans), sorted(self.metrics))
            return what()

    def _traces(self) -> tuple[bytes, int]:
        sent = ExportTraceServiceRequest.FromString(_body())
        with self._changed:
            for resource in sent.resource_spans:
                self.services |= {
                    one.value.string_value
                    for one in resource.resource.attributes
                    if one.key == "service.name"
                }
                for scope in resource.scope_spans:
                    self.spans |= {span.name: span for span in scope.spans}
            self._changed.notify_all()
        return b"", 200

    def _metrics(self) -> tuple[bytes, int]:
        sent = ExportMetricsServiceRequest.FromString(_body())
        with self._changed:
            for resource in sent.resource_metrics:
                for scope in resource.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in scope.metrics}
            self._changed.notify_all()
        return b"", 200


def attributes(of: Any) -> dict[str, Any]:
    """Return the attributes of a span or of a data point."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


def _body() -> bytes:
    sent = request.get_data()
    return gzip.decompress(sent) if request.headers.get("Content-Encoding") == "gzip" else sent
