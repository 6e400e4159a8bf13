"""The suite's tools that ask nobody anything."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from mcp_types import EmbeddedResource, TextContent, TextResourceContents

from flask_mcp_auth0 import Audio, Call, Image, MirroredHeader, ToolError

from .extension import mcp
from .samples import PNG, WAV

#: Between two steps of a tool that reports what it does, so that they do not arrive in one packet.
PAUSE = 0.05

ADDRESS_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    """Return a resource that travels inside a result."""
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    )


# First: the header scenarios call the first tool of the list without arguments.
@mcp.tool(structured_output=False)
def test_simple_text() -> str:
    """Answer with one text."""
    return "This is a simple text response for testing."


@mcp.tool
def test_image_content() -> Image:
    """Answer with one picture."""
    return Image(data=PNG, mime_type="image/png")


@mcp.tool
def test_audio_content() -> Audio:
    """Answer with one sound."""
    return Audio(data=WAV, mime_type="audio/wav")


@mcp.tool
def test_embedded_resource() -> EmbeddedResource:
    """Answer with one embedded resource."""
    return embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")


@mcp.tool(structured_output=False)
def test_multiple_content_types() -> list[Any]:
    """Answer with a text, a picture and an embedded resource."""
    document = json.dumps({"test": "data", "value": 123}, separators=(",", ":"))
    return [
        TextContent(type="text", text="Multiple content types test:"),
        Image(data=PNG, mime_type="image/png"),
        embedded("test://mixed-content-resource", "application/json", document),
    ]


@mcp.tool
def test_error_handling() -> str:
    """Refuse every call."""
    raise ToolError("This tool intentionally returns an error for testing")


@mcp.tool(structured_output=False)
def test_tool_with_logging(call: Call) -> str:
    """Log three times, then answer."""
    call.log("info", "Tool execution started")
    time.sleep(PAUSE)
    call.log("info", "Tool processing data")
    time.sleep(PAUSE)
    call.log("info", "Tool execution completed")
    return "Tool with logging executed successfully"


@mcp.tool(structured_output=False)
def test_tool_with_progress(call: Call) -> str:
    """Report progress three times, then answer."""
    call.progress(0, 100, "Started")
    time.sleep(PAUSE)
    call.progress(50, 100, "Half way")
    time.sleep(PAUSE)
    call.progress(100, 100, "Done")
    return "Tool with progress executed successfully"


@mcp.tool(structured_output=False)
def test_logging_tool(call: Call) -> str:
    """Log once, then answer; the log reaches only a client that asked for it."""
    call.log("info", "This is for clients that asked for it")
    return "logged"


@mcp.tool(structured_output=False)
def test_reconnection(call: Call) -> str:
    """Answer on a stream. Streams are not resumable here: the result is on the stream that asked for it."""
    call.log("info", "The result follows on this stream")
    return "Answered on the stream of the call"


@mcp.tool(input_schema=ADDRESS_SCHEMA, structured_output=False)
def json_schema_2020_12_tool(**arguments: Any) -> str:
    """Take arguments that only JSON Schema 2020-12 can describe."""
    return json.dumps(arguments, sort_keys=True)


@mcp.tool(structured_output=False)
def test_x_mcp_header(region: Annotated[str, MirroredHeader("Region")] = "") -> str:  # noqa: PT028
    """Take an argument that is mirrored in an HTTP header."""
    return f"region={region}"


@mcp.tool(structured_output=False)
def test_toggled_tool() -> str:
    """Be there, except while test_trigger_tool_change runs."""
    return "still here"


@mcp.tool(structured_output=False)
def test_trigger_tool_change() -> str:
    """Change the list of tools, and change it back."""
    mcp.disable("test_toggled_tool")
    mcp.enable("test_toggled_tool")
    return "the list of tools has changed"


@mcp.tool(structured_output=False)
def test_trigger_prompt_change() -> str:
    """Change the list of prompts, and change it back."""
    mcp.disable("test_toggled_prompt", kind="prompt")
    mcp.enable("test_toggled_prompt", kind="prompt")
    return "the list of prompts has changed"
