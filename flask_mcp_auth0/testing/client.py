"""An MCP client for tests: it logs in as whom the test says, calls tools, and asserts in plain words."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from ..protocol.errors import HEADER_MISMATCH
from ..protocol.mirrored_headers import NAMED_BY, MirroredParameter, encoded, mirrored_parameters, value_at
from ..protocol.versions import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    MODERN_VERSIONS,
    PROTOCOL_VERSION_META_KEY,
)
from .answers import CallResult, MCPRequestError, messages_of
from .tenant import Auth0Tenant
from .transports import AppTransport, HTTPTransport, Transport

#: A tool that asks more often than this is going round in circles.
_MAX_ROUNDS = 20


class MCPClient:
    """Speaks MCP 2026-07-28 to an app, as somebody of a local tenant.

    :param transport: how requests reach the app.
    :param tenant: who issues tokens.
    """

    def __init__(self, transport: Transport, tenant: Auth0Tenant) -> None:
        self._transport = transport
        self.tenant = tenant
        self._token: str | None = None
        self._ids = itertools.count(1)
        self._answers: dict[str, dict[str, Any]] = {}
        self._mirrors: dict[str, tuple[MirroredParameter, ...]] = {}
        self.capabilities: dict[str, Any] = {"elicitation": {"form": {}, "url": {}}}

    @classmethod
    def for_app(cls, app: Flask, tenant: Auth0Tenant) -> MCPClient:
        """Return a client that needs no socket: it uses ``app.test_client()``."""
        return cls(AppTransport(app, tenant.mcp_path), tenant)

    @classmethod
    def for_url(cls, url: str, tenant: Auth0Tenant) -> MCPClient:
        """Return a client of a running server, as ``http://127.0.0.1:8000/mcp``."""
        return cls(HTTPTransport(url), tenant)

    def login(
        self,
        login: str,
        *,
        permissions: Iterable[str] | None = None,
        scopes: Iterable[str] | None = None,
        organization: str | None = None,
        **claims: Any,
    ) -> MCPClient:
        """Act as a user of the tenant from now on; returns itself.

        :param login: a user name; the user is made if there is none.
        :param permissions: exactly what the user holds on the app's API; as the tenant says where left out.
        :param scopes: the token's ``scope``; default what the user holds.
        :param organization: the organisation to log in to.
        :param claims: more claims of the token, as ``name="Ada"``.
        """
        self.tenant.user(login, permissions=permissions)
        self._transport.forget_permissions()
        self._token = self.tenant.token(login, scopes=scopes, organization=organization, claims=claims)
        return self

    def login_as_machine(self, *, permissions: Iterable[str] = (), scopes: Iterable[str] = ()) -> MCPClient:
        """Act as a client without a user (client credentials) from now on; returns itself."""
        self._token = self.tenant.token(None, permissions=permissions, scopes=scopes)
        return self

    def use_token(self, token: str | None) -> MCPClient:
        """Send this token from now on, ``None`` for none; returns itself."""
        self._token = token
        return self

    def logout(self) -> MCPClient:
        """Send no token from now on; returns itself."""
        return self.use_token(None)

    def answer(self, key: str, /, *, action: str = "accept", **content: Any) -> MCPClient:
        """Answer a question of a tool when it comes; returns itself.

        :param key: the question's key, as the tool gives it to ``ask``.
        :param action: ``accept``, ``decline`` or ``cancel``.
        :param content: what is filled in.
        """
        answer: dict[str, Any] = {"action": action}
        if action == "accept":
            answer["content"] = content
        self._answers[key] = answer
        return self

    def call(self, tool: str, /, **arguments: Any) -> CallResult:
        """Call a tool and return its result, refusals included (``is_error``).

        Questions that the tool asks are answered with what :meth:`answer` was given.

        :raises MCPRequestError: for an HTTP refusal (401, 403) or a JSON-RPC error (an unknown tool).
        """
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        for _ in range(_MAX_ROUNDS):
            try:
                messages, result = self._exchange("tools/call", params)
            except MCPRequestError as error:
                # As streamable-http, Client Behavior, has it: look at the schema again, then retry.
                if error.code != HEADER_MISMATCH or not self._learn_mirrors(tool):
                    raise
                continue
            if result.get("resultType") != "input_required":
                return CallResult(
                    result["content"],
                    result.get("structuredContent"),
                    bool(result.get("isError")),
                    messages,
                    result,
                )
            asked = result.get("inputRequests", {})
            missing = [key for key in asked if key not in self._answers]
            if missing:
                raise AssertionError(
                    f"{tool!r} asks {', '.join(map(repr, missing))}: say what to answer with "
                    f"mcp_client.answer({missing[0]!r}, …)"
                )
            params["inputResponses"] = {key: self._answers[key] for key in asked}
            params["requestState"] = result.get("requestState")
        raise AssertionError(f"{tool!r} asked {_MAX_ROUNDS} times")

    def list_tools(self) -> list[str]:
        """Return the names of the tools that are listed, every page."""
        return [tool["name"] for tool in self.tools()]

    def tools(self) -> list[dict[str, Any]]:
        """Return the definitions of the tools that are listed, every page."""
        return self._list("tools/list", "tools")

    def list_resources(self) -> list[str]:
        """Return the URIs of the resources that are listed."""
        return [resource["uri"] for resource in self._list("resources/list", "resources")]

    def list_prompts(self) -> list[str]:
        """Return the names of the prompts that are listed."""
        return [prompt["name"] for prompt in self._list("prompts/list", "prompts")]

    def read(self, uri: str) -> str:
        """Return the text (or Base64) of a resource's first contents."""
        contents = self.request("resources/read", {"uri": uri})["contents"][0]
        text: str = contents.get("text", contents.get("blob"))
        return text

    def get_prompt(self, name: str, /, **arguments: str) -> list[dict[str, Any]]:
        """Return the messages of a prompt."""
        messages: list[dict[str, Any]] = self.request("prompts/get", {"name": name, "arguments": arguments})[
            "messages"
        ]
        return messages

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send any request and return its result.

        :raises MCPRequestError: if there is no result.
        """
        return self._exchange(method, params or {})[1]

    def assert_allowed(self, tool: str, /, **arguments: Any) -> CallResult:
        """Call a tool, which must succeed; return the result."""
        result = self.call(tool, **arguments)
        assert not result.is_error, f"{tool!r} was expected to succeed, but said: {result.text}"
        return result

    def assert_denied(self, tool: str, /, **arguments: Any) -> CallResult:
        """Call a tool, which must be refused for lack of a permission; return the result."""
        result = self.call(tool, **arguments)
        said = f"You don't have permission to use the '{tool}' tool."
        outcome = "said" if result.is_error else "succeeded with"
        denied = result.is_error and result.text == said
        assert denied, f"{tool!r} was expected to be denied, but {outcome}: {result.text}"
        return result

    def assert_needs_scopes(self, tool: str, *scopes: str, **arguments: Any) -> None:
        """Call a tool, which must ask the client to step up to (at least) these scopes."""
        try:
            result = self.call(tool, **arguments)
        except MCPRequestError as error:
            if error.status != 403:
                raise
            challenge = error.headers.get("WWW-Authenticate", "")
        else:
            challenge = " ".join(result.raw.get("_meta", {}).get("mcp/www_authenticate", ()))
        asked = challenge.partition('scope="')[2].partition('"')[0].split()
        missing = set(scopes) - set(asked)
        assert not missing, (
            f"{tool!r} did not ask for: {' '.join(sorted(missing))} (asked for: {' '.join(asked)})"
        )

    def assert_unauthorized(self) -> None:
        """Ask for the list of tools, which must be refused with 401 and a challenge."""
        refusal: MCPRequestError | None = None
        try:
            self.list_tools()
        except MCPRequestError as error:
            refusal = error
        assert refusal is not None, "expected 401, got a list of tools"
        assert refusal.status == 401, f"expected 401, got: {refusal}"
        assert "resource_metadata=" in refusal.headers.get("WWW-Authenticate", ""), "the 401 has no challenge"

    def assert_listed(self, *names: str) -> None:
        """The list of tools must hold these."""
        missing = set(names) - set(self.list_tools())
        assert not missing, f"not listed: {', '.join(sorted(missing))}"

    def assert_not_listed(self, *names: str) -> None:
        """The list of tools must hold none of these."""
        present = set(names) & set(self.list_tools())
        assert not present, f"listed: {', '.join(sorted(present))}"

    def _list(self, method: str, member: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {}
        while True:
            result = self.request(method, params)
            found += result[member]
            if "nextCursor" not in result:
                return found
            params = {"cursor": result["nextCursor"]}

    def _exchange(
        self, method: str, params: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        request_id = next(self._ids)
        meta = {
            PROTOCOL_VERSION_META_KEY: MODERN_VERSIONS[-1],
            CLIENT_CAPABILITIES_META_KEY: self.capabilities,
            CLIENT_INFO_META_KEY: {"name": "flask-mcp-auth0 tests", "version": "1"},
            LOG_LEVEL_META_KEY: "debug",
            "progressToken": request_id,
        }
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": {**params, "_meta": meta}}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN_VERSIONS[-1],
            "Mcp-Method": method,
        }
        if method in NAMED_BY:
            headers["Mcp-Name"] = encoded(params[NAMED_BY[method]])
        headers.update(self._mirrored(method, params))
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        reply = self._transport.post(json.dumps(body).encode(), headers)
        *before, last = messages_of(reply)
        if "result" not in last:
            raise MCPRequestError(f"{method} {params.get('name', '')}".strip(), reply, last)
        return before, last["result"]

    def _mirrored(self, method: str, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers that mirror arguments, where the call's tool is known to have such parameters."""
        if method != "tools/call":
            return {}
        found = ((p, value_at(params["arguments"], p.path)) for p in self._mirrors.get(params["name"], ()))
        return {f"Mcp-Param-{p.header}": encoded(value) for p, value in found if value is not None}

    def _learn_mirrors(self, tool: str) -> bool:
        """Look up which parameters of a tool are mirrored; tell whether that was news."""
        if tool in self._mirrors:
            return False
        schemas = {found["name"]: found["inputSchema"] for found in self.tools()}
        self._mirrors[tool] = mirrored_parameters(schemas.get(tool, {}))
        return True
