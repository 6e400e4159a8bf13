"""``flask mcp call``: call a tool here, as somebody, through the app's own WSGI stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ..app_state import AppState
from ..connect_snippets import is_on_loopback
from ..protocol.bound import BoundTool
from ..protocol.mirrored_headers import encoded, value_at
from ..protocol.versions import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    MODERN_VERSIONS,
    PROTOCOL_VERSION_META_KEY,
)
from .output import as_json, clean_lines, fail, load_state, note, plainly
from .tokens import read_token


@click.command("call", short_help="Call a tool here, as somebody.")
@click.argument("tool")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--user", help="As this user of the local tenant (`flask mcp tenant`).")
@click.option("--organization", metavar="ORG", help="With --user: as a member of this organisation.")
@click.option("--token-env", metavar="VARIABLE", help="With the access token in this environment variable.")
@click.option(
    "--token",
    "token_file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="With the access token in this file (- for standard input).",
)
@click.option("--json", "json_", is_flag=True, help="The whole result, as clients get it.")
@plainly
def call_command(
    tool: str,
    arguments: tuple[str, ...],
    user: str | None,
    organization: str | None,
    token_env: str | None,
    token_file: Path | None,
    json_: bool,
) -> None:
    """Call TOOL in this process, through everything that a request goes through: token, permission, schema.

    KEY=VALUE is read as the tool's schema says (text stays text; anything else is JSON), KEY:=JSON as JSON
    whatever the schema says. Exit code 0: a result. 1: the tool failed or refused. 2: it was not called.
    """
    if sum(given is not None for given in (user, token_env, token_file)) > 1:
        fail("Say once who is calling: --user, --token-env or --token.")
    state = load_state()
    bound = state.registry.tools.get(tool)
    if bound is None:
        fail(f"There is no tool called {tool!r}; there are: {', '.join(state.registry.tools) or 'none'}.")
    given = arguments_of(arguments, bound.parameters.schema)
    token = _token(state, user, organization, token_env, token_file)
    status, body = _send(state, bound, given, token)
    sys.exit(_show(status, body, json_))


commands: list[click.Command] = [call_command]


def arguments_of(pairs: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Read KEY=VALUE and KEY:=JSON.

    :raises Failed: for a pair that is neither.
    """
    properties = schema.get("properties") or {}
    found: dict[str, Any] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        as_it_is = key.endswith(":")
        key = key.removesuffix(":")
        if not sign or not key:
            fail(f"{pair!r} is not KEY=VALUE.")
        found[key] = _value(key, text, {} if as_it_is else properties.get(key) or {}, strictly=as_it_is)
    return found


def _value(key: str, text: str, schema: Mapping[str, Any], *, strictly: bool) -> Any:
    if not strictly and _is_text(schema):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if strictly:
            fail(f"{key} is not JSON.")
        return text  # what is wrong with it is for the schema to say


def _is_text(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "string":
        return True
    choices = schema.get("anyOf") or ()
    kinds = {choice.get("type") for choice in choices if isinstance(choice, Mapping)}
    return "string" in kinds and not kinds & {"integer", "number", "boolean", "array", "object"}


def _token(
    state: AppState, user: str | None, organization: str | None, variable: str | None, file: Path | None
) -> str | None:
    if user is not None:
        issuer = state.settings.issuer_url
        if not is_on_loopback(issuer):
            fail(
                f"--user works with a local tenant only, and the app's is {issuer}. Log in with flask mcp login, and "
                "hand the token over with --token or --token-env."
            )
        from .tenant import _control

        wanted = {"user": user, "audience": state.settings.audience}
        wanted |= {"organization": organization} if organization else {}
        try:
            token: str = _control(issuer, "token", wanted)["access_token"]
        except click.ClickException as error:
            fail(error.message)
        return token
    if organization is not None:
        fail("--organization goes with --user; a token says itself which one it is for.")
    if variable is not None or file is not None:
        return read_token(file, variable=variable)
    note("Nobody is calling: say who with --user, --token-env or --token.")
    return None


def _send(
    state: AppState, bound: BoundTool, arguments: Mapping[str, Any], token: str | None
) -> tuple[int, Mapping[str, Any]]:
    name, version = bound.component.name, MODERN_VERSIONS[0]
    meta = {
        PROTOCOL_VERSION_META_KEY: version,
        CLIENT_CAPABILITIES_META_KEY: {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}},
        CLIENT_INFO_META_KEY: {"name": "flask-mcp-call", "version": "1"},
        LOG_LEVEL_META_KEY: "info",
        "progressToken": "call",
    }
    params = {"name": name, "arguments": dict(arguments), "_meta": meta}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
    }
    for parameter in bound.mirrored:
        value = value_at(arguments, parameter.path)
        if isinstance(value, str | int | bool):
            headers[f"Mcp-Param-{parameter.header}"] = encoded(value)
    if token is not None:
        if not token.isascii() or not token.isprintable():
            fail("The token holds characters that no token has.")
        headers["Authorization"] = f"Bearer {token}"
    base = urlsplit(state.settings.base_url)
    response = state.app.test_client().post(
        state.settings.mcp_path,
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        headers=headers,
        base_url=f"{base.scheme}://{base.netloc}",
    )
    if response.mimetype == "text/event-stream":
        return response.status_code, _last_event(response.get_data(as_text=True))
    body = response.get_json(silent=True)
    return response.status_code, body if isinstance(body, dict) else {}


def _last_event(stream: str) -> Mapping[str, Any]:
    """Tell of progress and log messages on the way; return the answer."""
    answer: Mapping[str, Any] = {}
    for line in stream.splitlines():
        if not line.startswith("data: "):
            continue
        message = json.loads(line.removeprefix("data: "))
        if "method" not in message:
            answer = message
            continue
        params = message.get("params") or {}
        text = params.get("message") or params.get("data") or params.get("progress")
        note(f"{message['method'].removeprefix('notifications/')}: {text}")
    return answer


def _show(status: int, body: Mapping[str, Any], json_: bool) -> int:
    """Print the answer and return the exit code."""
    result, error = body.get("result"), body.get("error")
    if not isinstance(result, Mapping):
        if isinstance(error, Mapping):
            note(f"Refused: {error.get('message')}")
        else:
            note(f"Refused with HTTP {status}: {error}. {body.get('error_description') or ''}".rstrip())
        return 2
    if json_:
        click.echo(as_json(result))
        return 1 if result.get("isError") else 0
    if result.get("inputRequests"):
        note("The tool asks its user something, which only a client can answer:")
        click.echo(as_json(result["inputRequests"]))
        return 1
    for block in result.get("content") or ():
        kind = block.get("type")
        if kind == "text":
            _say(str(block.get("text", "")), err=bool(result.get("isError")))
        else:
            _say(f"[{kind} {block.get('mimeType') or block.get('uri') or ''}]".replace(" ]", "]"))
    return 1 if result.get("isError") else 0


def _say(text: str, *, err: bool = False) -> None:
    """Print what a tool returned: as it is to a program, and so that it moves no cursor to a person."""
    stream = sys.stderr if err else sys.stdout
    click.echo(clean_lines(text) if stream.isatty() else text, err=err)
