from typing import Annotated

from flask import Flask
from pydantic import BaseModel, Field

from flask_mcp_auth0 import Auth0MCP, MCPBlueprint, ToolError

mcp = Auth0MCP()
reports = MCPBlueprint("reports", __name__, permission="read:reports")

FIGURES = {"2026-10": 40150, "2026-11": 51900}


class Report(BaseModel):
    month: str
    revenue_cents: int


@reports.tool
def monthly_report(month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]) -> Report:
    """Report what was earned in a month.

    :param month: As in 2026-11.
    """
    if month not in FIGURES:
        raise ToolError(f"There are no figures for {month}.")
    return Report(month=month, revenue_cents=FIGURES[month])


@reports.resource("reports://{month}", mime_type="application/json")
def report_document(month: str) -> Report:
    """One month's report, as a document."""
    return monthly_report(month)


@reports.prompt
def summarise(month: str) -> str:
    """Ask for a summary of a month."""
    return f"Summarise the report of {month} in three sentences for the board."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    app.register_blueprint(reports)
    return app
