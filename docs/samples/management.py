from typing import Literal

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, ToolError, get_auth_info, get_management

mcp = Auth0MCP()


@mcp.protected_tool
def set_theme(theme: Literal["light", "dark"]) -> str:
    """Remember the user's favourite theme in their Auth0 profile."""
    info = get_auth_info()
    if info.is_machine:
        raise ToolError("This needs a person to be logged in.")
    get_management().users.update(info.user.sub, user_metadata={"theme": theme})
    return f"The theme is {theme} from now on."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
