from typing import Annotated

from flask import Flask
from pydantic import BaseModel, Field

from flask_mcp_auth0 import Auth0MCP, MCPBlueprint, ToolError

mcp = Auth0MCP()
invoices = MCPBlueprint("invoices", __name__, permission="read:invoices")

AMOUNTS = {17: 12900, 18: 4050}


class Invoice(BaseModel):
    number: int
    cents: int = Field(description="What is to be paid")


@invoices.tool
def get_invoice(number: Annotated[int, Field(ge=1)]) -> Invoice:
    """Show an invoice.

    :param number: As printed on it.
    """
    if number not in AMOUNTS:
        raise ToolError(f"There is no invoice {number}.")
    return Invoice(number=number, cents=AMOUNTS[number])


@invoices.resource("invoices://{number}", mime_type="application/json")
def invoice_document(number: int) -> Invoice:
    """An invoice, as a document."""
    return get_invoice(number)


@invoices.prompt
def remind(number: int) -> str:
    """Ask for a reminder to whoever has not paid an invoice."""
    return f"Write a friendly reminder that {get_invoice(number).cents} cents of invoice {number} are due."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    app.register_blueprint(invoices)
    return app
