"""The support desk of a small shop, as an MCP server.

Run it with ``gunicorn 'example_app:create_app()'`` or ``FLASK_APP=example_app flask run``. Both read ``.env``
(see ``.env.example`` beside this file); what the environment already says wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask.cli import load_dotenv
from flask.helpers import get_load_dotenv

from . import identity, loyalty, preferences
from .extensions import mcp
from .orders import init_database, orders

__all__ = ["create_app", "identity", "loyalty", "preferences"]


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the app, configured from ``FLASK_…`` environment variables.

    :param config: settings that win over the environment; tests use it.
    :raises flask_mcp_auth0.ConfigurationError: naming every setting that is missing or malformed.
    """
    if get_load_dotenv():  # `flask run` has done this already; gunicorn does not
        load_dotenv()
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        MCP_SERVER_NAME="Support desk",
        MCP_INSTRUCTIONS="Orders and refunds of a small shop. Read shop://policy/refunds before any refund.",
        ORDERS_DATABASE=str(Path(app.instance_path, "orders.sqlite")),
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    mcp.init_app(app)
    init_database(app)
    app.register_blueprint(orders)
    return app
