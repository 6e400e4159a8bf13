"""The server that the official conformance suite is run against: its fixtures, and some of ours.

Started as ``gunicorn 'tests.conformance.app:create_app()'`` and configured by ``FLASK_…`` variables alone.
"""

from __future__ import annotations

from flask import Flask

# First: scenarios call the first tool of the list without arguments, and read the first resource.
from . import tools  # noqa: F401

# isort: split
from . import asking, contents  # noqa: F401
from .extension import mcp
from .ours import ours


def create_app() -> Flask:
    """Return the fixture app, configured from the environment."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.register_blueprint(ours)
    mcp.init_app(app)
    return app
