from collections.abc import Mapping
from typing import Any

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, AuthInfo, MCPBlueprint, ToolError, protected_tool, require_permission

mcp = Auth0MCP()
payroll = MCPBlueprint("payroll", __name__, permission="payroll:use")


def in_own_department(caller: AuthInfo, arguments: Mapping[str, Any]) -> bool:
    return caller.user.get("department") == arguments.get("department")


@mcp.tool
def opening_hours() -> str:
    """Say when the office is open."""
    return "9 to 5"


@mcp.protected_tool
def staff_list() -> list[str]:
    """List the staff."""
    return ["Ada", "Ben"]


@mcp.protected_tool(permissions=["budget:read", "budget:admin"], match="any")
def budget() -> int:
    """Tell the budget of this year."""
    return 120_000


@mcp.protected_tool(permission="calendar:read", when=in_own_department)
def holidays(department: str) -> list[str]:
    """List who is away in a department."""
    return [f"nobody in {department}"]


@mcp.tool
def refund(cents: int) -> str:
    """Pay money back."""
    if cents <= 0:
        raise ToolError("Say how many cents.")
    if cents > 10_000:
        require_permission("refunds:large")
    return f"{cents} cents refunded."


@payroll.tool
def payslip() -> str:
    """Show last month's payslip."""
    return "3,000.00"


@payroll.tool
@protected_tool(permission="payroll:admin")
def raise_salary(percent: int) -> str:
    """Raise a salary."""
    return f"Raised by {percent}%."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    app.register_blueprint(payroll)
    return app
