from typing import Annotated

from flask import Flask
from pydantic import Field

from flask_mcp_auth0 import Auth0MCP, get_auth_info

# xmcp: src/middleware.ts with auth0Provider({ domain, audience, baseURL, clientId, clientSecret })
mcp = Auth0MCP()


# xmcp: src/tools/greet.ts with schema, metadata and a default export
@mcp.tool(annotations={"readOnlyHint": True})
def greet(name: Annotated[str, Field(description="The name of the user to greet")] = "") -> str:
    """Greet the user with their Auth0 identity."""
    user = get_auth_info().user
    return f"Hello, {user.name or name}! Your Auth0 user ID is {user.sub}"


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
