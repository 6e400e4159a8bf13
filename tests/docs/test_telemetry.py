"""The documented set-up of OpenTelemetry, under a real gunicorn, with the real exporter and a collector."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from example_app.demo.processes import Server, gunicorn, listen
from flask_mcp_auth0.testing import Auth0Tenant

from .collector import Collector, attributes
from .reading import text
from .test_pages import ROOT

pytestmark = pytest.mark.wire

SAMPLE = "telemetry"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "reader", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
    "traceparent": f"00-{TRACE}-{PARENT}-01",
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def test_spans_and_metrics_of_a_call_reach_a_collector(tmp_path: Path, collector: Collector) -> None:
    sock = listen(0)
    base_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with Auth0Tenant(base_url=base_url) as tenant:
        environment = {
            **tenant.environment,
            "PYTHONPATH": f"{ROOT / 'docs' / 'samples'}:{ROOT}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
        }
        command = gunicorn(f"{SAMPLE}:create_app()", sock, workers=2, threads=2)
        health = f"{base_url}/mcp/health"
        with Server("shop", command, ready_url=health, environment=environment, logs=tmp_path, sock=sock):
            answer = requests.post(
                f"{base_url}/mcp",
                json={
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "tools/call",
                    "params": {"name": "price", "arguments": {"product": "tea"}, "_meta": META},
                },
                headers={
                    "Authorization": f"Bearer {tenant.token('alice')}",
                    "Accept": "application/json, text/event-stream",
                    "MCP-Protocol-Version": "2026-07-28",
                    "Mcp-Method": "tools/call",
                    "Mcp-Name": "price",
                },
                timeout=30,
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["result"]["structuredContent"] == {"result": 420}
            wanted = {"tools/call price", "ask the warehouse", "POST /mcp"}
            collector.wait_for(lambda: wanted <= set(collector.spans))
            collector.wait_for(lambda: "mcp.server.operation.duration" in collector.metrics)

    assert collector.services == {"shop"}
    call, inner, transport = (
        collector.spans[name] for name in ("tools/call price", "ask the warehouse", "POST /mcp")
    )
    # The trace of the client's `_meta` goes on; the HTTP request has a trace of its own and is linked.
    assert (call.trace_id.hex(), call.parent_span_id.hex()) == (TRACE, PARENT)
    assert (inner.trace_id, inner.parent_span_id) == (call.trace_id, call.span_id)
    assert [link.span_id for link in call.links] == [transport.span_id]
    assert answer.headers["X-Request-ID"] == attributes(call)["flask_mcp_auth0.request_id"]
    [point] = collector.metrics["mcp.server.operation.duration"].histogram.data_points
    assert (point.count, attributes(point)["gen_ai.tool.name"]) == (1, "price")
    assert attributes(collector.metrics["flask_mcp_auth0.decisions"].sum.data_points[0]) == {
        "flask_mcp_auth0.decision": "granted",
        "flask_mcp_auth0.component.kind": "tool",
    }

    # What the page shows is what arrived, but for ids and addresses.
    shown = re.search(r"```text\n(tools/call price.*?)```", text("howto/observe.md"), re.DOTALL)
    assert shown is not None
    lines = dict(re.findall(r"^ {2}(\S+) = (.+)$", shown[1], re.MULTILINE))
    arrived = {key: str(value) for key, value in attributes(call).items()}
    assert set(lines) == set(arrived)
    assert {key for key in lines if lines[key] not in ("…", arrived[key])} == set()
