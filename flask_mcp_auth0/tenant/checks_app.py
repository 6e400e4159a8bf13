"""Checks of the app itself: how it is configured, and what it answers. They need no credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from ..auth.challenge import PROTECTED_RESOURCE_PATH
from ..config_reader import SHORTEST_SECRET
from ..connect_snippets import is_on_loopback
from ..outbound import OutboundError
from .examination import Examination
from .findings import Checks, Cure, Outcome, failure, ok, skipped, warning

checks = Checks("app")

_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@checks.add("S1", "Settings", "clients refuse the server's name, or sessions end whenever a worker restarts")
def settings(examined: Examination) -> Outcome:
    found = examined.settings
    base = urlsplit(found.base_url)
    if base.scheme != "https" and not is_on_loopback(found.base_url):
        return failure(
            f"MCP_BASE_URL is {found.base_url}: clients insist on https",
            Cure("set MCP_BASE_URL to the https URL"),
        )
    if not urlsplit(found.audience).path:
        return warning(
            f"the audience is {found.audience}, to which many clients add a slash, and then it is another one",
            Cure(f"make an API with the identifier {found.endpoint_url}, and set AUTH0_AUDIENCE to it"),
        )
    if not found.secret_keys:
        return warning(
            "neither MCP_SECRET_KEYS nor SECRET_KEY is set: no session ids, and tools cannot ask the user",
            Cure("set MCP_SECRET_KEYS, the same for every worker"),
        )
    if found.has_short_secret_key:
        return warning(
            f"a key of MCP_SECRET_KEYS, SECRET_KEY or SECRET_KEY_FALLBACKS has less than {SHORTEST_SECRET} characters: "
            "it can be guessed",
            Cure("drop it, or set a long one: python -c 'import secrets; print(secrets.token_hex())'"),
        )
    return ok(f"endpoint {found.endpoint_url}, audience {found.audience}")


@checks.add(
    "S2",
    "Challenge to clients without a token",
    "`unauthorized` that does not lead to a login, or `get_auth_info()` finds nobody: the endpoint is not guarded",
)
def challenge(examined: Examination) -> Outcome:
    path = examined.settings.mcp_path
    response = _post(examined, path)
    if response.status_code != 401:
        return failure(
            f"POST {path} without a token is answered {response.status_code}, not 401",
            Cure("look for a before_request hook or a view of the app that answers in the endpoint's place"),
        )
    expected = examined.settings.base_url + PROTECTED_RESOURCE_PATH + path
    header = response.headers.get("WWW-Authenticate", "")
    if f'resource_metadata="{expected}"' not in header:
        return failure(
            "the challenge does not say where the metadata is",
            Cure("look for an after_request hook of the app"),
        )
    return ok("401 with the metadata's address")


@checks.add("S3", "Metadata documents", "'OAuth init failed': clients cannot find out where to log in")
def metadata(examined: Examination) -> Outcome:
    issuer = examined.metadata()["issuer"]
    documents = [_get(examined, path) for path in _metadata_paths(examined)]
    if any(document.status_code != 200 for document in documents):
        codes = ", ".join(str(document.status_code) for document in documents)
        return failure(f"the protected resource metadata is answered {codes}")
    first: Any = documents[0].get_json(silent=True)
    if any(document.get_json(silent=True) != first for document in documents) or not isinstance(
        first, Mapping
    ):
        return failure("the metadata at the root and below the endpoint's path differ")
    if first.get("resource") != examined.settings.audience or first.get("authorization_servers") != [issuer]:
        return failure("the metadata name another resource or issuer than the settings and the tenant do")
    return ok(f"resource {first['resource']}, server {issuer}")


@checks.add(
    "S4", "Spellings of the path", "requests without a token that reach the tools by another spelling"
)
def spellings(examined: Examination) -> Outcome:
    path = examined.settings.mcp_path
    tried = (
        path + "/",
        path.upper(),
        "/" + path,
        f"{path}/x",
        f"{path};a=b",
        f"/%{ord(path[1]):x}{path[2:]}",
    )
    open_ones = [
        spelling for spelling in tried if _post(examined, spelling).status_code not in (401, 404, 405)
    ]
    if open_ones:
        return failure(
            f"answered without a token: {', '.join(open_ones)}",
            Cure("look for a view of the app, or a catch-all, under that path"),
        )
    return ok("none gets around the token")


@checks.add(
    "S5",
    "Public URL",
    "'OAuth init failed', or 401 after a login that worked: a proxy hides the documents or passes on only some paths",
)
def public_url(examined: Examination) -> Outcome:
    base = examined.settings.base_url
    try:
        answers = [examined.http.request("GET", base + path) for path in _metadata_paths(examined)]
        status, _, headers = examined.http.request("POST", examined.settings.endpoint_url, json=_PING)
    except OutboundError as error:
        if is_on_loopback(base):
            return skipped("the app is not running here; start it to check this as well")
        return failure(
            error.reason, Cure("check MCP_BASE_URL, DNS, the certificate and the proxy before the app")
        )
    wrong = [
        path for path, answer in zip(_metadata_paths(examined), answers, strict=True) if answer[0] != 200
    ]
    if wrong:
        return failure(
            f"not served there: {', '.join(wrong)}", Cure("let the proxy pass /.well-known/ on to the app")
        )
    if any(
        not isinstance(body, Mapping) or body.get("resource") != examined.settings.audience
        for _, body, _ in answers
    ):
        return failure(
            f"what answers at {base} is another server than this app, or one with other settings",
            Cure("restart it, and check MCP_BASE_URL and AUTH0_AUDIENCE there"),
        )
    if status != 401:
        return failure(
            f"POST {examined.settings.endpoint_url} is answered {status}, not 401",
            Cure("let the proxy pass POST on as it is, without a redirect"),
        )
    if "resource_metadata" not in headers.get("WWW-Authenticate", ""):
        return failure("the proxy drops WWW-Authenticate", Cure("let the proxy pass that header on"))
    return ok("reached as clients reach it")


def _metadata_paths(examined: Examination) -> tuple[str, str]:
    return PROTECTED_RESOURCE_PATH, PROTECTED_RESOURCE_PATH + examined.settings.mcp_path


def _post(examined: Examination, path: str) -> TestResponse:
    client = examined.app_state.app.test_client()
    return client.post(path, json=_PING, base_url=_origin(examined))


def _get(examined: Examination, path: str) -> TestResponse:
    return examined.app_state.app.test_client().get(path, base_url=_origin(examined))


def _origin(examined: Examination) -> str:
    base = urlsplit(examined.settings.base_url)
    return f"{base.scheme}://{base.netloc}"
