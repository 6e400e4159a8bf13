from flask import Flask

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()


@mcp.tool(anonymous=True)
def opening_hours() -> str:
    """Say when the shop is open. For everybody, logged in or not."""
    return "9 to 5"


@mcp.tool
def my_orders() -> list[str]:
    """List the user's orders."""
    return ["tea"]


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_MCP_ANONYMOUS=true
    mcp.init_app(app)
    return app
