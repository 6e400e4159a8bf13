from flask import Flask

from flask_mcp_auth0 import Auth0MCP, get_auth_info

mcp = Auth0MCP()
REVENUE = {"2026-10": 40150, "2026-11": 51900}


@mcp.tool
def greet() -> str:
    """Greet the user by their Auth0 identity."""
    user = get_auth_info().user
    return f"Hello, {user.name or user.sub}!"


@mcp.protected_tool
def monthly_report(month: str) -> str:
    """Report a month's revenue. Only for users who hold the permission tool:monthly_report."""
    return f"Revenue of {month}: {REVENUE.get(month, 0)}"


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_AUTH0_DOMAIN, FLASK_MCP_BASE_URL, …
    mcp.init_app(app)
    return app
