from typing import Any

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, File

mcp = Auth0MCP()

# The definition that your list_tools handler returns; the schema can stay as it is.
SCHEMA = {
    "type": "object",
    "properties": {"table": {"type": "string"}, "limit": {"type": "integer", "maximum": 100}},
    "required": ["table"],
}


# One function a tool in place of one call_tool handler with a branch for each name.
@mcp.tool(name="export-table", input_schema=SCHEMA)
def export_table(**arguments: Any) -> File:
    """Export a table."""
    rows = "\n".join(str(n) for n in range(arguments.get("limit", 3)))
    return File(f"db:///{arguments['table']}.csv", rows, "text/csv")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
