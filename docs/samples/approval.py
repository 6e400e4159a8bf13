from flask import Flask

from flask_mcp_auth0 import Auth0MCP, approved_by_user

mcp = Auth0MCP()


@mcp.protected_tool
@approved_by_user("Pay {amount_eur} EUR to {recipient}", timeout=60)
def pay(amount_eur: int, recipient: str) -> str:
    """Pay somebody, once the user has approved it on their own device."""
    return f"Paid {amount_eur} EUR to {recipient}."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
