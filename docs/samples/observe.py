import logging

from flask import Flask

from flask_mcp_auth0 import Auth0MCP
from flask_mcp_auth0.observability import JSONFormatter, RequestIdFilter

mcp = Auth0MCP()


@mcp.protected_tool(audit_arguments=["order"])
def pay_back(order: int, reason: str) -> str:
    """Pay an order back."""
    return f"Order {order} was paid back."


def set_up_logging() -> None:
    lines = logging.StreamHandler()
    lines.addFilter(RequestIdFilter())
    lines.setFormatter(logging.Formatter("%(levelname)s [%(request_id)s] %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    # It would write down each URL that Auth0 is asked, and with it whom it is asked about.
    logging.getLogger("httpx").setLevel(logging.WARNING)

    audit = logging.getLogger("flask_mcp_auth0.audit")
    file = logging.FileHandler("audit.log")
    file.setFormatter(JSONFormatter())
    audit.addHandler(file)
    audit.propagate = False


def create_app() -> Flask:
    set_up_logging()
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
