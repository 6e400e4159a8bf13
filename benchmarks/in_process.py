"""What one authenticated call adds to a bare Flask view, without a server: ``python benchmarks/in_process.py``.

CPU time of the process, the candidates in alternating rounds, median and spread of all rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0 import Auth0MCP
from flask_mcp_auth0.testing import Auth0Tenant

_CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{"name":"Ada"}}}'
_ANSWER = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {"content": [{"type": "text", "text": "Hello, Ada!"}], "isError": False},
}


def create_app(tenant: Auth0Tenant) -> Flask:
    """An app with a bare JSON view, a public and a protected tool."""
    app = Flask("bench")
    app.config.update(tenant.config)
    mcp = Auth0MCP()

    @app.post("/bare")
    def bare() -> Any:
        request.get_json()
        return _ANSWER

    @mcp.tool
    def public(name: str) -> str:
        return f"Hello, {name}!"

    @mcp.protected_tool
    def protected(name: str) -> str:
        return f"Hello, {name}!"

    mcp.init_app(app)
    return app


def environs(path: str, body: bytes, tokens: Iterator[str], count: int) -> list[dict[str, Any]]:
    """WSGI environments, made before the clock runs."""
    return [
        EnvironBuilder(
            path,
            method="POST",
            data=body,
            headers={
                "Authorization": f"Bearer {next(tokens)}",
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
            },
        ).get_environ()
        for _ in range(count)
    ]


def same(token: str) -> Iterator[str]:
    """One token for ever."""
    while True:
        yield token


def fresh(tenant: Auth0Tenant) -> Iterator[str]:
    """A token that nobody has seen, each time."""
    while True:
        yield tenant.token("alice")


def measure(app: Flask, requests: list[dict[str, Any]]) -> float:
    """Return CPU microseconds a request."""

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[..., None]:
        if not status.startswith("200"):
            raise RuntimeError(status)
        return lambda data: None

    started = time.process_time()
    for environ in requests:
        b"".join(app.wsgi_app(environ, start_response))
    return (time.process_time() - started) / len(requests) * 1e6


def signature_alone(rounds: int) -> float:
    """Return what the signature check of a new token costs by itself, in CPU microseconds."""
    key = RSAKey.generate_key(2048)
    token = jwt.encode({"alg": "RS256"}, {"sub": "x"}, key)
    started = time.process_time()
    for _ in range(rounds):
        jwt.decode(token, key, algorithms=["RS256"])
    return (time.process_time() - started) / rounds * 1e6


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    with Auth0Tenant() as tenant:
        tenant.user("alice", permissions=["tool:protected"])
        app = create_app(tenant)
        token = tenant.token("alice")
        rows: dict[str, tuple[str, bytes, Callable[[], Iterator[str]], int]] = {
            "bare view": ("/bare", _CALL % b"public", lambda: same(token), options.requests),
            "public tool, token seen before": (
                "/mcp",
                _CALL % b"public",
                lambda: same(token),
                options.requests,
            ),
            "protected tool, token seen before": (
                "/mcp",
                _CALL % b"protected",
                lambda: same(token),
                options.requests,
            ),
            "public tool, new token": (
                "/mcp",
                _CALL % b"public",
                lambda: fresh(tenant),
                options.requests // 10,
            ),
        }
        found: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(options.rounds + 1):
            for name, (path, body, tokens, count) in rows.items():
                found[name].append(measure(app, environs(path, body, tokens(), count)))
    base = statistics.median(found["bare view"][1:])
    print(f"{'CPU µs a request':36} {'median':>8} {'min':>8} {'max':>8} {'added':>8}")
    for name, figures in found.items():
        warm = figures[1:]
        median = statistics.median(warm)
        print(f"{name:36} {median:8.0f} {min(warm):8.0f} {max(warm):8.0f} {median - base:8.0f}")
    print(f"{'an RS256 signature check alone':36} {signature_alone(500):8.0f}")


if __name__ == "__main__":
    main()
