from flask import Flask

from flask_mcp_auth0 import Auth0MCP, Call, get_auth_info

# FastMCP gets the name and an Auth0 provider here; both are settings now.
mcp = Auth0MCP()


# FastMCP: @mcp.tool(auth=require_scopes("orders:read"))
@mcp.protected_tool(permission="orders:read")
def orders(call: Call) -> list[str]:  # FastMCP: async def orders(ctx: Context)
    """List the user's orders."""
    call.progress(1, 1)  # FastMCP: await ctx.report_progress(1, 1)
    return [f"an order of {get_auth_info().user.sub}"]  # FastMCP: get_access_token().claims["sub"]


@mcp.resource("shop://hours")
def hours() -> str:
    """Say when the shop is open."""
    return "9 to 5"


def create_app() -> Flask:  # FastMCP: mcp.run(transport="http")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
