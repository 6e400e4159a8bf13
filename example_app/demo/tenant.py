"""The administrator's hand: what one would click in the dashboard, through the Management API."""

from __future__ import annotations

from urllib.parse import quote

import requests

CLIENT_ID = "administrator"


class Administrator:
    """Grants permissions in the tenant at ``issuer``.

    :param issuer: the tenant's URL, with its slash.
    :param client_secret: of the application that stands for the administrator.
    """

    def __init__(self, issuer: str, client_secret: str) -> None:
        self._issuer = issuer
        self._client_secret = client_secret

    def grant(self, user_id: str, audience: str, permission: str) -> int:
        """Give a user a permission of the API ``audience``; return the HTTP status of the answer."""
        url = f"{self._issuer}api/v2/users/{quote(user_id, safe='')}/permissions"
        wanted = {"resource_server_identifier": audience, "permission_name": permission}
        headers = {"Authorization": f"Bearer {self._token()}"}
        return requests.post(url, json={"permissions": [wanted]}, headers=headers, timeout=10).status_code

    def _token(self) -> str:
        answer = requests.post(
            f"{self._issuer}oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": CLIENT_ID,
                "client_secret": self._client_secret,
                "audience": f"{self._issuer}api/v2/",
            },
            timeout=10,
        )
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token
