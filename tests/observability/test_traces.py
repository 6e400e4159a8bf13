"""Spans and metrics as the semantic conventions for MCP and HTTP have them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from flask import Flask, Response, request
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from flask_mcp_auth0 import Call, ToolError
from flask_mcp_auth0.observability.tracing import Telemetry

from ..extension.conftest import Site
from ..issuer import Issuer
from .conftest import Recorded

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def tools(site: Site, recorded: Recorded) -> Site:
    """A site with a tool for every way to end, and resources and a prompt."""

    @site.mcp.tool
    def fine(word: str = "fine") -> str:
        return word

    @site.mcp.tool
    def wrong() -> str:
        raise ToolError("No such order")

    @site.mcp.tool
    def broken() -> str:
        raise RuntimeError("the database is on fire")

    @site.mcp.tool
    def slow(call: Call) -> str:
        call.progress(1, 2)
        return "done"

    @site.mcp.protected_tool
    def secret() -> str:
        return "secret"

    @site.mcp.resource("shop://menu")
    def menu() -> str:
        return "tea"

    @site.mcp.resource("shop://orders/{order}")
    def order(order: str) -> str:
        return order

    @site.mcp.prompt
    def ask(topic: str) -> str:
        return topic

    recorded.start()
    return site


def test_a_tool_call_is_a_server_span_with_the_attributes_of_the_convention(
    tools: Site, recorded: Recorded
) -> None:
    tools.call("fine", headers={"MCP-Protocol-Version": "2025-11-25"})
    span = recorded.span("tools/call")
    attributes = dict(span.attributes or {})
    request_id = attributes.pop("flask_mcp_auth0.request_id")
    assert isinstance(request_id, str)
    assert len(request_id) == 32
    assert (span.name, span.kind, span.status.status_code) == (
        "tools/call fine",
        SpanKind.SERVER,
        StatusCode.UNSET,
    )
    assert attributes == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-11-25",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "fine",
        "jsonrpc.request.id": "1",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "network.transport": "tcp",
        "client.address": "127.0.0.1",
        "flask_mcp_auth0.decision": "granted",
    }


def test_neither_arguments_nor_results_nor_the_caller_are_in_a_span(tools: Site, recorded: Recorded) -> None:
    tools.call("fine", {"word": "hush-hush"}, token=tools.token(subject="auth0|somebody"))
    shown = "".join(span.to_json() for span in recorded.spans())
    assert "tools/call fine" in shown
    assert "hush-hush" not in shown
    assert "somebody" not in shown


@pytest.mark.parametrize(
    ("method", "params", "name", "expected"),
    [
        ("tools/list", {}, "tools/list", {}),
        (
            "prompts/get",
            {"name": "ask", "arguments": {"topic": "x"}},
            "prompts/get ask",
            {"gen_ai.prompt.name": "ask"},
        ),
        ("resources/read", {"uri": "shop://menu"}, "resources/read", {"mcp.resource.uri": "shop://menu"}),
        (
            "resources/read",
            {"uri": "shop://orders/77"},
            "resources/read",
            {"mcp.resource.uri": "shop://orders/{order}"},
        ),
    ],
)
def test_each_method_names_its_target_where_that_is_one_of_few(
    tools: Site, recorded: Recorded, method: str, params: dict[str, Any], name: str, expected: dict[str, str]
) -> None:
    tools.post(method, params)
    span = recorded.span(method)
    assert span.name == name
    attributes = span.attributes or {}
    assert {key: attributes.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("tool", "kind", "code"),
    [
        ("wrong", "tool_error", None),
        ("broken", "tool_error", None),
        ("secret", "tool_error", None),
        ("nope", "-32602", "-32602"),
    ],
)
def test_a_failure_has_its_type_and_an_error_status(
    tools: Site, recorded: Recorded, tool: str, kind: str, code: str | None
) -> None:
    tools.post("tools/call", {"name": tool})
    span = recorded.span("tools/call")
    attributes = span.attributes or {}
    assert span.status.status_code is StatusCode.ERROR
    assert attributes["error.type"] == kind
    assert attributes.get("rpc.response.status_code") == code
    (point,) = recorded.points("mcp.server.operation.duration")
    assert point.attributes["error.type"] == kind


def test_a_denial_can_be_told_from_a_failure(tools: Site, recorded: Recorded) -> None:
    tools.call("secret")
    assert recorded.attributes("tools/call secret")["flask_mcp_auth0.decision"] == "denied"
    (point,) = recorded.points("flask_mcp_auth0.decisions")
    assert dict(point.attributes) == {
        "flask_mcp_auth0.decision": "denied",
        "flask_mcp_auth0.component.kind": "tool",
    }


def test_an_exception_whose_text_the_client_does_not_get_is_on_the_span(
    tools: Site, recorded: Recorded
) -> None:
    tools.call("broken")
    (event,) = recorded.span("tools/call broken").events
    assert event.name == "exception"
    assert (event.attributes or {})["exception.message"] == "the database is on fire"


def test_what_a_client_makes_up_names_no_span_and_no_series(tools: Site, recorded: Recorded) -> None:
    tools.post("made/up-77")
    tools.post("tools/call", {"name": "made-up-77"})
    for number in range(3):
        headers = {
            "Authorization": f"Bearer {tools.token()}",
            "MCP-Protocol-Version": f"made-up-{number}",
        }
        body = {"jsonrpc": "2.0", "method": "made/up-77"}
        assert tools.app.test_client().post("/mcp", json=body, headers=headers).status_code == 202
    names = {span.name for span in recorded.spans() if "POST" not in span.name}
    assert names == {"_OTHER", "tools/call"}
    points = recorded.points("mcp.server.operation.duration")
    for point in points:
        assert "made" not in str(dict(point.attributes))
    versions = [dict(point.attributes)["mcp.protocol.version"] for point in points]
    assert sorted(versions) == ["2025-11-25", "2025-11-25", "_OTHER"]


def test_the_duration_is_measured_in_seconds_in_the_advised_buckets(tools: Site, recorded: Recorded) -> None:
    tools.call("fine")
    point = recorded.histogram("mcp.server.operation.duration")
    assert point.count == 1
    assert 0 < point.sum < 60
    assert point.explicit_bounds[:4] == (0.01, 0.02, 0.05, 0.1)
    assert dict(point.attributes or {})["gen_ai.tool.name"] == "fine"
    assert "jsonrpc.request.id" not in (point.attributes or {})


def test_a_tool_runs_within_its_span(site: Site, recorded: Recorded) -> None:
    seen: list[int] = []

    @site.mcp.tool
    def look() -> str:
        seen.append(trace.get_current_span().get_span_context().span_id)
        with recorded.tracer_provider.get_tracer("app").start_as_current_span("query"):
            return "x"

    recorded.start()
    site.call("look")
    context = recorded.span("tools/call look").context
    parent = recorded.span("query").parent
    assert context is not None
    assert parent is not None
    assert seen == [context.span_id] == [parent.span_id]


def test_the_clients_trace_goes_on_from_meta_and_the_transport_is_linked(
    tools: Site, recorded: Recorded
) -> None:
    tools.post("tools/call", {"name": "fine", "_meta": {"traceparent": TRACEPARENT, "tracestate": "rojo=1"}})
    span, around = recorded.span("tools/call"), recorded.span("POST /mcp")
    assert span.context is not None
    assert around.context is not None
    assert span.parent is not None
    assert format(span.context.trace_id, "032x") == TRACE
    assert format(span.parent.span_id, "016x") == PARENT
    assert span.context.trace_state.get("rojo") == "1"
    assert [link.context.span_id for link in span.links] == [around.context.span_id]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"traceparent": "nonsense"},
        {"traceparent": 7},
        {"traceparent": f"{TRACEPARENT}-" + "0" * 500},
        {"traceparent": f"00-{'0' * 32}-{PARENT}-01"},
    ],
)
def test_without_a_usable_context_in_meta_the_http_request_is_the_parent(
    tools: Site, recorded: Recorded, sent: dict[str, Any]
) -> None:
    tools.post("tools/call", {"name": "fine", "_meta": sent})
    span, around = recorded.span("tools/call"), recorded.span("POST /mcp")
    assert span.parent is not None
    assert around.context is not None
    assert span.parent.span_id == around.context.span_id
    assert span.links == ()


def test_a_tracestate_that_is_too_long_is_left_out(tools: Site, recorded: Recorded) -> None:
    tools.post("tools/list", {"_meta": {"traceparent": TRACEPARENT, "tracestate": "a=" + "x" * 2000}})
    context = recorded.span("tools/list").context
    assert context is not None
    assert format(context.trace_id, "032x") == TRACE
    assert not context.trace_state


def test_the_http_request_follows_the_headers_of_a_proxy(tools: Site, recorded: Recorded) -> None:
    tools.post("tools/call", {"name": "fine"}, headers={"traceparent": TRACEPARENT})
    around = recorded.span("POST /mcp")
    assert around.parent is not None
    assert format(around.parent.span_id, "016x") == PARENT


def test_an_http_request_is_a_span_and_a_duration(tools: Site, recorded: Recorded) -> None:
    tools.post("tools/list", headers={"User-Agent": "a client"})
    attributes = recorded.attributes("POST /mcp")
    assert {key: value for key, value in attributes.items() if not key.startswith("flask_mcp_auth0")} == {
        "http.request.method": "POST",
        "http.route": "/mcp",
        "http.response.status_code": 200,
        "url.path": "/mcp",
        "url.scheme": "http",
        "server.address": "localhost",
        "server.port": 8000,
        "client.address": "127.0.0.1",
        "user_agent.original": "a client",
    }
    point = recorded.histogram("http.server.request.duration")
    assert dict(point.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/mcp",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }


def test_a_refused_request_is_an_http_span_without_error_and_no_mcp_span(
    tools: Site, recorded: Recorded
) -> None:
    assert tools.post("tools/list", token="").status_code == 401
    span = recorded.span("")
    assert (span.name, span.status.status_code) == ("POST /mcp", StatusCode.UNSET)
    assert (span.attributes or {})["http.response.status_code"] == 401


def test_an_outage_is_an_error_of_the_http_request(issuer: Issuer) -> None:
    site = Site(issuer, AUTH0_DOMAIN="http://127.0.0.1:1/")
    recorded = Recorded(site).start()
    assert site.post("tools/list").status_code == 503
    span = recorded.span("POST /mcp")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "503"


def test_an_event_stream_ends_its_spans_when_it_ends(tools: Site, recorded: Recorded) -> None:
    response = tools.post("tools/call", {"name": "slow", "_meta": {"progressToken": 1}})
    assert response.mimetype == "text/event-stream"
    assert recorded.span("tools/call slow").end_time is not None
    assert recorded.attributes("POST /mcp")["http.response.status_code"] == 200


def test_a_method_that_is_none_is_other(tools: Site, recorded: Recorded) -> None:
    tools.app.test_client().open("/mcp", method="BREW")
    assert recorded.attributes("HTTP")["http.request.method"] == "_OTHER"


def test_other_pages_of_the_app_are_left_to_its_own_instrumentation(tools: Site, recorded: Recorded) -> None:
    response = tools.app.test_client().get("/elsewhere")
    assert response.status_code == 404
    assert recorded.spans() == []
    assert "X-Request-ID" not in response.headers


def test_an_instrumented_app_gets_no_second_http_span(tools: Site, recorded: Recorded) -> None:
    tracer = recorded.tracer_provider.get_tracer("instrumentation")
    with tracer.start_as_current_span("theirs") as theirs:
        tools.call("fine")
    assert [span.name for span in recorded.spans()] == ["tools/call fine", "theirs"]
    parent = recorded.span("tools/call fine").parent
    assert parent is not None
    assert parent.span_id == theirs.get_span_context().span_id
    assert recorded.points("http.server.request.duration") == []


def test_an_instrumentation_that_only_measures_is_left_alone_too(tools: Site, recorded: Recorded) -> None:
    def instrumented() -> None:
        request.environ["opentelemetry-flask.starttime_key"] = 1

    tools.app.before_request_funcs[None].insert(0, instrumented)
    tools.call("fine")
    assert recorded.points("http.server.request.duration") == []


def test_a_session_is_told_apart_without_its_id(tools: Site, recorded: Recorded) -> None:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    session = tools.post("initialize", params).headers["Mcp-Session-Id"]
    for _ in range(2):
        tools.call("fine", headers={"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"})
    shown = [(span.attributes or {})["mcp.session.id"] for span in recorded.spans("tools/call")]
    assert shown[0] == shown[1]
    assert isinstance(shown[0], str)
    assert len(shown[0]) == 32
    assert shown[0] not in session
    assert recorded.span("initialize").name == "initialize"


def test_notifications_are_spans_without_a_request_id(tools: Site, recorded: Recorded) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    headers = {"Authorization": f"Bearer {tools.token()}"}
    assert tools.app.test_client().post("/mcp", json=body, headers=headers).status_code == 202
    assert "jsonrpc.request.id" not in recorded.attributes("notifications/initialized")


def test_each_call_of_a_batch_has_a_span(tools: Site, recorded: Recorded) -> None:
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "fine"}}
    headers = {"Authorization": f"Bearer {tools.token()}", "MCP-Protocol-Version": "2025-03-26"}
    body = [{**call, "id": 1}, {**call, "id": 2}]
    assert tools.app.test_client().post("/mcp", json=body, headers=headers).status_code == 200
    ids = [(span.attributes or {})["jsonrpc.request.id"] for span in recorded.spans("tools/call fine")]
    assert ids == ["1", "2"]


def test_without_an_sdk_nothing_follows_a_request(site: Site) -> None:
    followed: list[bool] = []

    @site.mcp.tool
    def look() -> str:
        followed.append(trace.get_current_span().is_recording())
        return "x"

    site.start()
    assert site.text("look") == "x"
    assert followed == [False]
    assert site.app.extensions["mcp_auth0"].telemetry.instruments() is None


def test_an_sdk_that_is_set_up_later_is_noticed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace import TracerProvider

    now = [0.0]
    telemetry = Telemetry(clock=lambda: now[0])
    assert telemetry.instruments() is None
    monkeypatch.setattr(trace, "get_tracer_provider", TracerProvider)
    assert telemetry.instruments() is None
    now[0] = 5.0
    found = telemetry.instruments()
    assert found is not None
    assert telemetry.instruments() is found


def test_the_globally_set_up_sdk_exports_what_happens_and_importing_the_package_does_not_load_it() -> None:
    program = """
        import sys
        from flask import Flask
        from flask_mcp_auth0 import Auth0MCP

        assert not [name for name in sys.modules if name.startswith("opentelemetry")]
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
        trace.set_tracer_provider(provider)
        app = Flask("app")
        app.config.update(
            SECRET_KEY="k" * 32, AUTH0_DOMAIN="http://127.0.0.1:1", MCP_BASE_URL="http://localhost",
            MCP_ANONYMOUS=True, AUTH0_PROTECT="decorated",
        )
        mcp = Auth0MCP(app)

        @mcp.tool(anonymous=True)
        def hello() -> str:
            return "hello"

        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hello"}}
        assert app.test_client().post("/mcp", json=call).status_code == 200
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"name": "tools/call hello"' in done.stdout
    assert '"name": "POST /mcp"' in done.stdout


def test_an_application_error_outside_of_mcp_leaves_no_span_behind(tools: Site, recorded: Recorded) -> None:
    app: Flask = tools.app

    @app.get("/page")
    def page() -> Response:
        return Response("page")

    assert app.test_client().get("/page").text == "page"
    assert recorded.spans() == []


def test_a_request_within_a_request_has_a_span_of_its_own_and_both_end(
    tools: Site, recorded: Recorded
) -> None:
    app: Flask = tools.app
    with app.test_request_context("/mcp", method="POST"):
        app.preprocess_request()
        assert tools.post("tools/list").status_code == 200
        assert len(recorded.spans("POST /mcp")) == 1
    assert len(recorded.spans("POST /mcp")) == 2
