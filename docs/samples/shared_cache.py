from flask import Flask
from flask_caching import Cache

from flask_mcp_auth0 import Auth0MCP

cache = Cache()
mcp = Auth0MCP()


@mcp.tool
def ping() -> str:
    """Answer."""
    return "pong"


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_CACHE_TYPE=RedisCache, FLASK_CACHE_REDIS_URL, FLASK_MCP_STORE_URL
    cache.init_app(app)
    mcp.init_app(app)
    return app
