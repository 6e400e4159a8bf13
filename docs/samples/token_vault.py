import requests
from flask import Flask, current_app

from flask_mcp_auth0 import Auth0MCP, ToolError, with_connection_token

mcp = Auth0MCP()


@mcp.tool
@with_connection_token(
    "google-oauth2",
    parameter="google_token",
    how="Open https://app.example.com/profile and choose Connect Google.",
)
def unread_mails(google_token: str) -> int:
    """Count the user's unread mails."""
    answer = requests.get(
        f"{current_app.config['MAIL_URL']}/labels/UNREAD",
        headers={"Authorization": f"Bearer {google_token}"},
        timeout=(3, 5),
        allow_redirects=False,
    )
    if answer.status_code != 200:
        raise ToolError("The mail cannot be read just now.")
    return int(answer.json()["messagesTotal"])


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()  # FLASK_MAIL_URL=https://gmail.googleapis.com/gmail/v1/users/me
    mcp.init_app(app)
    return app
