"""``Server-Timing`` in debug mode."""

from __future__ import annotations

import re

import pytest

from flask_mcp_auth0 import Call
from flask_mcp_auth0.observability.timings import Timings

from ..extension.conftest import Site


def stages(header: str) -> list[str]:
    parts = header.split(", ")
    assert all(re.fullmatch(r"[a-z]+;dur=\d+\.\d\d", part) for part in parts), header
    return [part.partition(";")[0] for part in parts]


@pytest.fixture
def debugged(site: Site) -> Site:
    @site.mcp.tool
    def greet() -> str:
        return "hi"

    @site.mcp.tool
    def slow(call: Call) -> str:
        call.progress(1)
        return "x"

    site.app.debug = True
    return site.start()


def test_a_call_tells_how_long_each_stage_took(debugged: Site) -> None:
    response = debugged.post("tools/call", {"name": "greet"})
    assert stages(response.headers["Server-Timing"]) == ["auth", "permissions", "tool", "total"]


def test_a_refused_request_tells_how_long_the_guard_took(debugged: Site) -> None:
    response = debugged.post("tools/list", token="")
    assert response.status_code == 401
    assert stages(response.headers["Server-Timing"]) == ["auth", "total"]


def test_a_stream_tells_what_came_before_it(debugged: Site) -> None:
    response = debugged.post("tools/call", {"name": "slow", "_meta": {"progressToken": 1}})
    assert response.mimetype == "text/event-stream"
    assert stages(response.headers["Server-Timing"]) == ["auth", "permissions", "total"]


def test_without_debug_mode_nothing_is_told(debugged: Site) -> None:
    debugged.app.debug = False
    assert "Server-Timing" not in debugged.post("tools/call", {"name": "greet"}).headers


def test_other_pages_of_the_app_are_not_timed(debugged: Site) -> None:
    assert "Server-Timing" not in debugged.app.test_client().get("/elsewhere").headers


def test_stages_add_up_and_are_told_in_milliseconds() -> None:
    now = iter([0.0, 0.25, 2.0])
    timings = Timings(clock=lambda: next(now))
    timings.until_now("auth")
    timings.add("tool", 0.5)
    timings.add("tool", 0.75)
    timings.until_now("auth")
    assert timings.header() == "auth;dur=250.00, tool;dur=1250.00, total;dur=2000.00"
