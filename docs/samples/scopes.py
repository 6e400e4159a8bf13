from flask import Flask

from flask_mcp_auth0 import Auth0MCP, require_scopes

mcp = Auth0MCP()


@mcp.tool(scopes=["notes:write"])
def add_note(text: str) -> str:
    """Keep a note."""
    return f"Kept: {text}"


@mcp.tool
def read_notes(private: bool = False) -> list[str]:
    """Read the notes, private ones only if the user let this client do that."""
    if private:
        require_scopes("notes:private")
        return ["buy a ring"]
    return ["buy milk"]


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
