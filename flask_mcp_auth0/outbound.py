"""Requests that this package makes to the tenant: bounded in time and size, pooled, never redirected.

One :class:`requests.Session` a process, made again after a fork: a connection that parent and child share
would hand one the other's answers.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ._version import __version__
from .config_reader import LOOPBACK_HOSTS

_CHUNK = 65_536
_UNREACHABLE = "cannot be reached"

#: The longest wait that an answer may ask us to pass on, in seconds.
_MAX_RETRY_AFTER = 3600


class OutboundError(Exception):
    """A request of ours was not answered as it should have been. Holds nothing of what was sent.

    :param reason: what happened, with the URL's host and path, without its query.
    :param status: the HTTP status, ``None`` when there was no answer.
    :param retry_after: seconds after which the other side wants to be asked again, if it said so.
    :param body: the answer's JSON value, ``None`` where there is none.
    """

    def __init__(
        self, reason: str, *, status: int | None = None, retry_after: int | None = None, body: Any = None
    ) -> None:
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        self.body = body
        super().__init__(reason)


class Outbound:
    """A pooled synchronous HTTP client for JSON. Safe to share between threads and across forks.

    The session is replaced, never mutated, so no lock can be held while the process forks. It keeps no
    cookies, so no two callers can meet in it, and reads no ``.netrc``; proxy and CA settings of the
    environment (``HTTPS_PROXY``, ``REQUESTS_CA_BUNDLE``) hold.

    :param connect_timeout: seconds to connect.
    :param read_timeout: seconds for one read, and for the whole body.
    :param max_bytes: the longest body that is read.
    """

    def __init__(
        self, *, connect_timeout: float = 3.0, read_timeout: float = 5.0, max_bytes: int = 1_048_576
    ) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._max_bytes = max_bytes
        self._session: tuple[int, requests.Session] | None = None

    def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """GET a JSON document.

        :raises OutboundError: for anything but 200 and JSON; a redirect is not followed and is such an error.
        """
        status, body, answered = self._request("GET", url, headers=headers, params=params)
        if status != 200:
            raise OutboundError(
                f"{_name(url)} answered {status}",
                status=status,
                retry_after=retry_after(answered),
                body=body,
            )
        if body is None:
            raise OutboundError(f"{_name(url)} did not answer JSON", status=status)
        return body

    def post_form(
        self,
        url: str,
        data: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """POST ``application/x-www-form-urlencoded`` fields.

        :param auth: what ``requests`` takes: a pair of name and password, or a callable.
        :return: the status, the JSON value of the body (``None`` if it is not JSON), the headers.
        :raises OutboundError: only if there was no complete answer.
        """
        return self._request("POST", url, headers=headers, data=dict(data), auth=auth)

    def close(self) -> None:
        """Close the pooled connections of this process; a later request opens new ones."""
        held, self._session = self._session, None
        if held is not None and held[0] == os.getpid():
            held[1].close()

    def _request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None, **how: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        check_url(url)
        # A pooled connection that the other side has just closed fails at once: a GET may be sent again.
        attempts = 2 if method == "GET" else 1
        failure = ""
        for _ in range(attempts):
            try:
                with self._current_session().request(
                    method,
                    url,
                    headers={"Accept": "application/json", **(headers or {})},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                    **how,
                ) as response:
                    content = self._read(response, url)
                    return response.status_code, _json(content), response.headers
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                failure = _failure(error)
                if failure != _UNREACHABLE:
                    break
        # Raised outside the handler: an exception of requests holds the request, credentials included.
        raise OutboundError(f"{_name(url)} {failure}")

    def _read(self, response: requests.Response, url: str) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise OutboundError(
                f"{_name(url)} sent an encoding that was not asked for", status=response.status_code
            )
        # The socket's time-out is for one read; without a deadline a dripping answer could last for ever.
        deadline = time.monotonic() + self._timeout[1]
        chunks: list[bytes] = []
        length = 0
        while chunk := response.raw.read1(_CHUNK):
            chunks.append(chunk)
            length += len(chunk)
            if length > self._max_bytes:
                raise OutboundError(
                    f"{_name(url)} sent more than {self._max_bytes} bytes", status=response.status_code
                )
            if time.monotonic() > deadline:
                raise OutboundError(f"{_name(url)} did not answer in time", status=response.status_code)
        return b"".join(chunks)

    def _current_session(self) -> requests.Session:
        pid = os.getpid()
        held = self._session
        if held is None or held[0] != pid:
            held = self._session = (pid, _new_session())
        return held[1]


def check_url(url: str) -> None:
    """Let only ``https`` pass, and ``http`` to a loopback host.

    :raises OutboundError: for any other URL.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise OutboundError("not a URL") from None
    if (
        not host
        or parts.username is not None
        or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK_HOSTS))
    ):
        raise OutboundError(f"{_name(url)} is neither https nor on loopback")


def _failure(error: Exception) -> str:
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no valid certificate"
    if isinstance(error, requests.ConnectionError):
        return _UNREACHABLE
    return "did not answer as HTTP"


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers.update(
        {
            "User-Agent": f"flask-mcp-auth0/{__version__}",
            "Accept-Encoding": "identity",
            "Accept": "application/json",
        }
    )
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _unchanged  # keeps requests from reading ~/.netrc
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=32, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _name(url: str) -> str:
    """Name a URL in an error: no query, no user information, no control characters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return ascii(f"{parts.scheme}://{host}{parts.path}")[1:-1]


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Read ``Retry-After`` (RFC 9110 §10.2.3), or Auth0's ``x-ratelimit-reset`` (Unix time)."""
    value = headers.get("Retry-After")
    seconds: float | None = None
    if value is not None:
        if value.isascii() and value.isdigit() and len(value) < 10:
            seconds = int(value)
        else:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - time.time()
            except (ValueError, OverflowError):
                seconds = None
    reset = headers.get("x-ratelimit-reset", "")
    if seconds is None and reset.isascii() and reset.isdigit() and len(reset) < 12:
        seconds = int(reset) - time.time()
    if seconds is None:
        return None
    return max(1, min(_MAX_RETRY_AFTER, round(seconds)))
