"""What one authenticated call adds to a bare Flask view, without a server around them.

Processor time of the process, the candidates in alternating rounds.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import EnvironBuilder

from flask_mcp_auth0.testing import Auth0Tenant

from .apps.ours import registered
from .workbench import Bench, bench, call, headers, spread

_ANSWER = {
    "jsonrpc": "2.0",
    "id": 1,
    "result": {"content": [{"type": "text", "text": "Hello, Ada!"}], "isError": False},
}


def create_bare_app(tenant: Auth0Tenant) -> Flask:
    """An app without this package: a view that reads JSON and answers JSON."""
    app = Flask("bare")
    app.config.update(tenant.config)

    @app.post("/mcp")
    def bare() -> Any:
        request.get_json()
        return _ANSWER

    return app


def create_app(tenant: Auth0Tenant) -> Flask:
    """An app with a public and a protected tool."""
    app = Flask("bench")
    app.config.update(tenant.config)
    registered().init_app(app)
    return app


def environs(path: str, body: bytes, tokens: Iterable[str], count: int) -> list[dict[str, Any]]:
    """WSGI environments, made before the clock runs."""
    return [
        EnvironBuilder(path, method="POST", data=body, headers=headers(token)).get_environ()
        for token in itertools.islice(tokens, count)
    ]


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


def _fresh(work: Bench) -> Iterator[str]:
    """A token that nobody has seen, each time."""
    while True:
        yield work.tenant.token("user-0")


def _signature_alone(rounds: int) -> float:
    """Return what the signature check of a new token costs by itself, in CPU microseconds."""
    key = RSAKey.generate_key(2048)
    token = jwt.encode({"alg": "RS256"}, {"sub": "x"}, key)
    started = time.process_time()
    for _ in range(rounds):
        jwt.decode(token, key, algorithms=["RS256"])
    return (time.process_time() - started) / rounds * 1e6


def run(*, rounds: int = 9, requests: int = 1000) -> dict[str, Any]:
    """Return microseconds of processor time a request, for each kind of request."""
    with bench() as work:
        bare, app = create_bare_app(work.tenant), create_app(work.tenant)
        known = itertools.cycle(work.tokens)
        kinds: dict[str, tuple[Flask, bytes, Iterator[str], int]] = {
            "bare view": (bare, call("public"), known, requests),
            "public tool, token seen before": (app, call("public"), known, requests),
            "protected tool, token seen before": (app, call("protected"), known, requests),
            "public tool, new token": (app, call("public"), _fresh(work), requests // 5),
        }
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(rounds + 1):
            for name, (one, body, tokens, count) in kinds.items():
                found[name].append(measure(one, environs("/mcp", body, tokens, count)))
        figures = {name: spread(values[1:]) for name, values in found.items()}
    base = figures["bare view"]["median"]
    return {
        "cpu_us": figures,
        "added_us": {name: round(figure["median"] - base, 1) for name, figure in figures.items()},
        "signature_us": round(_signature_alone(500), 1),
    }


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=1)
