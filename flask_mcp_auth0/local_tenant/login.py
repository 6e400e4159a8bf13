"""A login in the browser for a program on this machine (RFC 8252): a callback on loopback, PKCE, ``state``
and ``iss`` checked.

Works with any tenant that has a discovery document, a real one as well as the local one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import secrets
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

TIMEOUT = (5, 15)
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Logged in</title><h1>{title}</h1><p>You can close this page and go back to the terminal.</p>"
)


class LoginError(Exception):
    """The login did not succeed; the text says why."""


class LoopbackLogin:
    """One login: ``begin`` gives the address to open, ``finish`` waits and exchanges the code.

    :param issuer: the tenant, with or without its trailing slash.
    :param audience: the API that the token is for; sent as ``audience`` and as ``resource``.
    :param port: of the callback; 0 takes a free one.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        scopes: Sequence[str] = (),
        organization: str | None = None,
        port: int = 0,
    ) -> None:
        self._audience, self._scopes, self._organization = audience, tuple(scopes), organization
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(48)
        self._client_id = ""
        self._metadata = _get_metadata(issuer)
        self._answers: queue.Queue[Mapping[str, list[str]]] = queue.Queue()
        try:
            self._server = HTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise LoginError(f"Port {port} is in use; choose another one with --port.") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def begin(self, client_id: str | None = None) -> str:
        """The address to open in a browser; registers an application when no ``client_id`` is given.

        :raises LoginError: when that is refused.
        """
        self._client_id = client_id or self._register()
        self._thread.start()
        digest = hashlib.sha256(self._verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self._scopes),
            "audience": self._audience,
            "resource": self._audience,
            "state": self._state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "organization": self._organization or "",
        }
        query = urlencode({key: value for key, value in parameters.items() if value})
        return f"{self._metadata['authorization_endpoint']}?{query}"

    def finish(self, timeout: float) -> dict[str, Any]:
        """Wait for the browser to come back and exchange the code; the token response.

        :param timeout: seconds to wait.
        :raises LoginError: when nobody came, the user or the tenant refused, or the answer is not for this
            login.
        """
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise LoginError(f"Nobody logged in within {timeout:g} seconds.") from None
        if "error" in answer:
            raise LoginError(f"{answer['error'][0]}: {answer.get('error_description', [''])[0]}")
        given = answer.get("iss", [None])[0]
        if given is not None and given != self._metadata["issuer"]:
            raise LoginError("The answer is from another issuer than the one that was asked (RFC 9207).")
        body = {
            "grant_type": "authorization_code",
            "client_id": self._client_id,
            "code": answer.get("code", [""])[0],
            "redirect_uri": self.redirect_uri,
            "code_verifier": self._verifier,
            "resource": self._audience,
        }
        status, token = _post(str(self._metadata["token_endpoint"]), data=body)
        if status != 200 or "access_token" not in token:
            raise LoginError(f"{token.get('error', status)}: {token.get('error_description', 'no token')}")
        return token

    def __enter__(self) -> LoopbackLogin:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(timeout=5)
        self._server.server_close()

    def _register(self) -> str:
        endpoint = self._metadata.get("registration_endpoint")
        if not endpoint:
            raise LoginError("The tenant registers no applications: give --client-id.")
        status, answer = _post(
            str(endpoint),
            json={
                "client_name": "flask mcp login",
                "redirect_uris": [self.redirect_uri],
                "grant_types": ["authorization_code"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            },
        )
        if status not in (200, 201) or not isinstance(answer.get("client_id"), str):
            reason = answer.get("error_description") or answer.get("error") or status
            raise LoginError(f"The tenant refused to register an application: {reason}. Give --client-id.")
        return str(answer["client_id"])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        login = self

        class Callback(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                answer = parse_qs(parts.query)
                expected = login._state
                # Another page's request, or an old one: not for this login, and no reason to end it.
                if parts.path != "/callback" or not hmac.compare_digest(
                    answer.get("state", [""])[0].encode(), expected.encode()
                ):
                    self.send_error(404)
                    return
                page = _PAGE.format(title="Not logged in" if "error" in answer else "Logged in").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.send_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
                self.end_headers()
                self.wfile.write(page)
                login._answers.put(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the code is in the request line."""

        return Callback


def _get_metadata(issuer: str) -> dict[str, Any]:
    base = issuer.rstrip("/")
    try:
        response = requests.get(
            f"{base}/.well-known/openid-configuration", timeout=TIMEOUT, allow_redirects=False
        )
        metadata = response.json() if response.status_code == 200 else None
    except requests.ConnectionError as error:
        raise LoginError(
            f"Nothing answers at {issuer}. A local tenant is started with: flask mcp tenant"
        ) from error
    except (requests.RequestException, ValueError) as error:
        raise LoginError(f"{issuer} has no discovery document.") from error
    needed = ("issuer", "authorization_endpoint", "token_endpoint")
    if not isinstance(metadata, dict) or not all(isinstance(metadata.get(name), str) for name in needed):
        raise LoginError(f"{issuer} has no discovery document.")
    if metadata["issuer"].rstrip("/") != base:
        raise LoginError(f"{issuer} says that it is another issuer: {metadata['issuer']}.")
    return metadata


def _post(url: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    try:
        response = requests.post(url, timeout=TIMEOUT, allow_redirects=False, **arguments)
        body = response.json()
    except (requests.RequestException, ValueError) as error:
        raise LoginError(f"{url} cannot be asked.") from error
    return response.status_code, body if isinstance(body, dict) else {}
