import requests
from flask import Flask, current_app

from flask_mcp_auth0 import Auth0MCP, ToolError, get_client, on_behalf_of

mcp = Auth0MCP()
CALENDAR = "https://external-api.example.com"


@mcp.tool
def next_event() -> str:
    """Say what is next in the user's calendar."""
    token = get_client().get_token_on_behalf_of(audience=CALENDAR, scope="read:calendar")
    return ask_calendar("next", token.access_token)


@mcp.tool
@on_behalf_of(audience=CALENDAR, scope="read:calendar", parameter="calendar_token")
def events_on(day: str, calendar_token: str) -> str:
    """Say what is in the user's calendar on a day."""
    return ask_calendar(f"days/{day}", calendar_token)


def ask_calendar(what: str, token: str) -> str:
    url = f"{current_app.config['CALENDAR_URL']}/{what}"
    answer = requests.get(
        url, headers={"Authorization": f"Bearer {token}"}, timeout=(3, 5), allow_redirects=False
    )
    if answer.status_code != 200:
        raise ToolError("The calendar cannot be read just now.")
    return answer.text


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_CALENDAR_URL beside the others
    mcp.init_app(app)
    return app
