import random

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, get_auth_info

mcp = Auth0MCP()


@mcp.tool
def greet() -> str:
    """Greet the user by their Auth0 identity."""
    user = get_auth_info().user
    return f"Hello, {user.name or user.sub}!"


@mcp.protected_tool
def roll_dice(sides: int = 6) -> int:
    """Roll a die. Only for users who hold the permission tool:roll_dice."""
    return random.randint(1, sides)


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_AUTH0_DOMAIN, FLASK_MCP_BASE_URL, …
    mcp.init_app(app)
    return app
