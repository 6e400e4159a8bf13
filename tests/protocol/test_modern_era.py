"""2026-07-28: every request carries its own terms."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from flask_mcp_auth0 import MirroredHeader, RegistrationError
from flask_mcp_auth0.protocol.registry import Registry
from flask_mcp_auth0.protocol.versions import (
    CLIENT_CAPABILITIES_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from flask_mcp_auth0.registrar import Registrar

from .conftest import Peer, error_of, result_of


@pytest.fixture(autouse=True)
def _tools(register: Registrar) -> None:
    @register.tool
    def greet(name: str = "you") -> str:
        """Greet."""
        return f"Hello, {name}!"

    @register.tool(name="mirror")
    def mirror(
        region: Annotated[str | None, MirroredHeader("Region")] = None,
        count: Annotated[int | None, MirroredHeader("Count")] = None,
        flag: Annotated[bool | None, MirroredHeader("Flag")] = None,
    ) -> str:
        return f"{region} {count} {flag}"

    @register.resource("house://rules")
    def rules() -> str:
        return "none"


def test_discover_tells_versions_and_what_is_offered(peer: Peer) -> None:
    result = result_of(peer.modern("server/discover"))
    assert result["supportedVersions"] == ["2026-07-28"]
    assert set(result["capabilities"]) == {"tools", "resources", "logging"}
    assert result["instructions"] == "Be kind."
    assert result["cacheScope"] == "public"
    assert result["ttlMs"] > 0


def test_every_result_carries_its_type_and_the_server(peer: Peer) -> None:
    for response in (
        peer.modern("server/discover"),
        peer.modern("tools/list"),
        peer.modern("resources/list"),
    ):
        result = result_of(response)
        assert result["resultType"] == "complete"
        assert result["_meta"][SERVER_INFO_META_KEY] == {"name": "house", "version": "1.2.3"}
    assert peer.call("greet")["_meta"][SERVER_INFO_META_KEY]["name"] == "house"


@pytest.mark.parametrize(
    "method",
    [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "nonsense/method",
    ],
)
def test_a_method_of_another_era_is_not_found(peer: Peer, method: str) -> None:
    response = peer.modern(method)
    assert response.status_code == 404
    assert error_of(response)["code"] == -32601


def test_a_method_is_not_found_where_nothing_of_its_kind_is_registered(peer: Peer) -> None:
    assert peer.modern("prompts/list").status_code == 404
    assert peer.modern("completion/complete").status_code == 404


def test_an_unknown_version_is_refused_with_those_that_are_known(peer: Peer) -> None:
    body = peer.modern_request("tools/list", **{PROTOCOL_VERSION_META_KEY: "v999.0.0"})
    response = peer.post(body, {"MCP-Protocol-Version": "v999.0.0", "Mcp-Method": "tools/list"})
    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == -32022
    assert error["data"] == {"supported": ["2026-07-28"], "requested": "v999.0.0"}


def test_a_version_header_that_contradicts_the_body_is_refused(peer: Peer) -> None:
    body = peer.modern_request("tools/list", **{PROTOCOL_VERSION_META_KEY: "v999.0.0"})
    response = peer.post(body, {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"})
    assert (response.status_code, error_of(response)["code"]) == (400, -32020)


def test_a_modern_body_without_the_version_header_is_refused(peer: Peer) -> None:
    response = peer.modern("tools/list", headers={"MCP-Protocol-Version": None})
    assert (response.status_code, error_of(response)["code"]) == (400, -32020)


@pytest.mark.parametrize("missing", [PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, "all"])
def test_missing_terms_are_invalid_params(peer: Peer, missing: str) -> None:
    body = peer.modern_request("server/discover")
    if missing == "all":
        del body["params"]["_meta"]
    else:
        del body["params"]["_meta"][missing]
    response = peer.post(body, {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover"})
    assert (response.status_code, error_of(response)["code"]) == (400, -32602)


def test_the_clients_name_is_not_demanded(peer: Peer) -> None:
    body = peer.modern_request("tools/list")
    del body["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]
    assert peer.post(body, peer.modern_headers(body)).status_code == 200


def test_an_unknown_log_level_is_refused(peer: Peer) -> None:
    response = peer.modern("tools/list", **{"io.modelcontextprotocol/logLevel": "loud"})
    assert error_of(response)["code"] == -32602


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({"Mcp-Method": None}, False),
        ({"Mcp-Method": "tools/list"}, False),
        ({"Mcp-Method": "Tools/Call"}, False),
        ({"mcp-method": "tools/call", "Mcp-Method": None}, True),
        ({"Mcp-Name": None}, False),
        ({"Mcp-Name": "Greet"}, False),
        ({"Mcp-Name": "=?base64?Z3JlZXQ=?="}, True),
        ({"Mcp-Name": "=?BASE64?Z3JlZXQ=?="}, False),
        ({"Mcp-Name": "=?base64?Z3Jl!!ZXQ=?="}, False),
        ({"Mcp-Name": "=?base64?/w==?="}, False),
        ({"Mcp-Name": "gr\u00e9et"}, False),
    ],
)
def test_standard_headers_must_agree_with_the_body(peer: Peer, headers: dict[str, Any], fine: bool) -> None:
    response = peer.modern("tools/call", {"name": "greet"}, headers=headers)
    if fine:
        assert response.status_code == 200
    else:
        assert (response.status_code, error_of(response)["code"]) == (400, -32020)


@pytest.mark.parametrize("name", ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"])
def test_two_different_values_of_a_mirrored_header_are_refused(peer: Peer, name: str) -> None:
    body = peer.modern_request("tools/call", {"name": "greet"})
    headers = [*peer.modern_headers(body).items(), (name, "other"), ("Content-Type", "application/json")]
    response = peer.client.post("/mcp", json=body, headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("arguments", "headers", "fine"),
    [
        ({"region": "eu"}, {"Mcp-Param-Region": "eu"}, True),
        ({"region": "eu"}, {"mcp-param-region": "eu"}, True),
        ({"region": "eu"}, {}, False),
        ({"region": "eu"}, {"Mcp-Param-Region": "EU"}, False),
        ({"region": "ü"}, {"Mcp-Param-Region": "=?base64?w7w=?="}, True),
        ({"region": "eu"}, {"Mcp-Param-Region": "=?base64?***?="}, False),
        ({"region": None}, {}, True),
        ({}, {}, True),
        ({}, {"Mcp-Param-Region": "eu"}, False),
        ({"count": 42}, {"Mcp-Param-Count": "42"}, True),
        ({"count": 42}, {"Mcp-Param-Count": "42.0"}, True),
        ({"count": 42}, {"Mcp-Param-Count": "43"}, False),
        ({"count": 42}, {"Mcp-Param-Count": "many"}, False),
        ({"count": 42}, {"Mcp-Param-Count": "4" * 100}, False),
        ({"flag": True}, {"Mcp-Param-Flag": "true"}, True),
        ({"flag": True}, {"Mcp-Param-Flag": "True"}, False),
        ({"flag": False}, {"Mcp-Param-Flag": "false"}, True),
        ({}, {"Mcp-Param-Unheard-Of": "x"}, True),
    ],
)
def test_headers_that_mirror_arguments_must_agree_with_them(
    peer: Peer, arguments: dict[str, Any], headers: dict[str, str], fine: bool
) -> None:
    response = peer.modern("tools/call", {"name": "mirror", "arguments": arguments}, headers=headers)
    if fine:
        assert response.status_code == 200
    else:
        assert (response.status_code, error_of(response)["code"]) == (400, -32020)


def test_a_mirrored_parameter_is_marked_in_the_schema(peer: Peer) -> None:
    tools = {tool["name"]: tool for tool in result_of(peer.modern("tools/list"))["tools"]}
    properties = tools["mirror"]["inputSchema"]["properties"]
    assert properties["region"]["x-mcp-header"] == "Region"
    assert [properties[name]["type"] for name in ("region", "count", "flag")] == [
        "string",
        "integer",
        "boolean",
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
        {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": ""}}},
        {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "no spaces"}}},
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "x-mcp-header": "A"},
                "b": {"type": "string", "x-mcp-header": "a"},
            },
        },
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}},
        },
        {"type": "object", "anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]},
    ],
)
def test_an_annotation_that_clients_would_drop_the_tool_for_is_refused(schema: dict[str, Any]) -> None:
    registrar = Registrar()

    @registrar.tool(input_schema=schema)
    def bad(**arguments: Any) -> str:
        return ""

    with pytest.raises(RegistrationError, match="x-mcp-header"):
        Registry(component for component, _ in registrar._registered())


def test_a_session_id_is_ignored_and_none_is_minted(peer: Peer) -> None:
    response = peer.modern("tools/list", headers={"Mcp-Session-Id": "whatever", "Last-Event-ID": "7"})
    assert response.status_code == 200
    assert "Mcp-Session-Id" not in response.headers


def test_a_notification_is_accepted_without_a_body(peer: Peer) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    response = peer.post(
        body, {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "notifications/cancelled"}
    )
    assert (response.status_code, response.data) == (202, b"")


def test_a_client_response_is_not_accepted(peer: Peer) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert peer.post(body, {"MCP-Protocol-Version": "2026-07-28"}).status_code == 400


def test_a_batch_is_not_accepted(peer: Peer) -> None:
    response = peer.post([peer.modern_request("tools/list")], {"MCP-Protocol-Version": "2026-07-28"})
    assert response.status_code == 400


def test_unknown_params_and_foreign_meta_are_ignored(peer: Peer) -> None:
    response = peer.modern("tools/list", {"unheard": 1}, **{"com.example/key": {"a": 1}})
    assert response.status_code == 200


def test_what_a_resource_says_is_private_and_not_kept(peer: Peer) -> None:
    result = result_of(peer.modern("resources/read", {"uri": "house://rules"}))
    assert (result["ttlMs"], result["cacheScope"]) == (0, "private")


def test_lists_say_how_long_they_hold_and_for_whom(peer: Peer) -> None:
    result = result_of(peer.modern("tools/list"))
    assert (result["ttlMs"], result["cacheScope"]) == (60_000, "private")
