from flask import Flask
from flask_limiter import Limiter

from flask_mcp_auth0 import Auth0MCP, mcp_rate_limit_key

mcp = Auth0MCP()
limiter = Limiter(mcp_rate_limit_key, storage_uri="memory://", strategy="moving-window")


@mcp.tool
def search(query: str) -> list[str]:
    """Search the archive; ten times a minute for each user."""
    with limiter.limit("10 per minute", error_message="That was often enough. Try again in a minute."):
        return [f"a page on {query}"]


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    limiter.init_app(app)
    mcp.init_app(app)
    return app
