from typing import Literal

from flask import Flask
from pydantic import BaseModel, Field

from flask_mcp_auth0 import Auth0MCP, Call, ToolError, ask

mcp = Auth0MCP()
TABLES = {"inside": 4, "terrace": 2}


class Wishes(BaseModel):
    where: Literal["inside", "terrace"]
    guests: int = Field(ge=1, le=8, description="How many people come")


class Confirmation(BaseModel):
    sure: bool


@mcp.tool
def book_table(day: str) -> str:
    """Book a table; the user is asked where, and whether it is meant."""
    wishes = ask("wishes", Wishes, f"Which table on {day}?")
    if not wishes:
        raise ToolError("The user does not want to book.")
    where = wishes.data.where
    confirmed = ask("confirm", Confirmation, f"Book {where} for {wishes.data.guests}?")
    if not (confirmed and confirmed.data.sure):
        return "Nothing was booked."
    # Every question is answered: only now is anything changed.
    TABLES[where] -= 1
    return f"Booked {where} on {day}."


@mcp.tool
def set_password(call: Call) -> str:
    """Send the user to a page for a new password, which the client must never see."""
    if not call.ask_url("page", "https://app.example.com/password", "Choose a new password there."):
        raise ToolError("The user did not want to go there.")
    return "The user was sent to the page."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
