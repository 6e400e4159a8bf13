"""Request ids: taken over if sane, made here if not, and told wherever somebody looks for them."""

from __future__ import annotations

import logging

import pytest

from flask_mcp_auth0 import Call
from flask_mcp_auth0.observability import RequestIdFilter, current_request_id

from ..extension.conftest import Site


@pytest.mark.parametrize("sent", ["a", "req-1.2_3~4:5/6+7=", "x" * 128])
def test_a_sane_id_is_taken_over_and_told_in_the_answer(site: Site, sent: str) -> None:
    response = site.start().post("tools/list", headers={"X-Request-ID": sent})
    assert response.headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a,b", "ümlaut", "<b>", "a;b", "a%0d", '"a"'])
def test_any_other_id_is_replaced(site: Site, sent: str) -> None:
    response = site.start().post("tools/list", headers={"X-Request-ID": sent})
    made = response.headers["X-Request-ID"]
    assert made != sent
    assert len(made) == 32
    assert set(made) <= set("0123456789abcdef")


def test_every_request_has_an_id_of_its_own(site: Site) -> None:
    site.start()
    assert len({site.post("tools/list").headers["X-Request-ID"] for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/mcp/health", "/mcp/nowhere"])
def test_refusals_and_other_answers_have_one_too(site: Site, path: str) -> None:
    response = site.start().app.test_client().get(path, headers={"X-Request-ID": "mine"})
    assert response.headers["X-Request-ID"] == "mine"


def test_an_event_stream_has_one(site: Site) -> None:
    @site.mcp.tool
    def slow(call: Call) -> str:
        call.progress(1)
        return current_request_id() or ""

    params = {"name": "slow", "_meta": {"progressToken": 1}}
    response = site.start().post("tools/call", params, headers={"X-Request-ID": "mine"})
    assert response.mimetype == "text/event-stream"
    assert response.headers["X-Request-ID"] == "mine"
    assert '"text":"mine"' in response.text


def test_the_filter_puts_it_on_records(site: Site) -> None:
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Handler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter("[%(request_id)s] %(message)s"))
    log = logging.getLogger("tests.request_ids")
    log.addHandler(handler)

    @site.mcp.tool
    def note() -> str:
        log.warning("within")
        return ""

    try:
        site.start().post("tools/call", {"name": "note"}, headers={"X-Request-ID": "mine"})
        log.warning("outside")
    finally:
        log.removeHandler(handler)
    assert lines == ["[mine] within", "[-] outside"]


def test_outside_a_request_there_is_none() -> None:
    assert current_request_id() is None
