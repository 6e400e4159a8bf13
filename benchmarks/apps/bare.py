"""What an application without MCP would do: a Flask view that reads JSON and answers JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request


def create_app() -> Flask:
    """Make the app; ``BENCH_LIST`` names a file whose bytes ``/list`` answers with."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    listing = os.environ.get("BENCH_LIST")
    kept = Path(listing).read_bytes() if listing else b""

    @app.post("/mcp")
    def call() -> dict[str, Any]:
        message = request.get_json()
        text = f"Hello, {message['params']['arguments']['name']}!"
        result = {"content": [{"type": "text", "text": text}], "isError": False}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    @app.post("/list")
    def tools() -> Response:
        request.get_json()
        return Response(kept, mimetype="application/json")

    return app
