from flask import Flask
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()
tracer = trace.get_tracer("shop")


@mcp.tool
def price(product: str) -> int:
    """Tell what a product costs, in cents."""
    with tracer.start_as_current_span("ask the warehouse"):
        return 420


def set_up_telemetry() -> None:
    spans = TracerProvider()
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))


def create_app() -> Flask:
    set_up_telemetry()
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
