"""The suite's resources, prompts and completions."""

from __future__ import annotations

import json
from typing import Any

from mcp_types import ImageContent, PromptMessage, TextContent

from flask_mcp_auth0 import Image

from .extension import mcp
from .samples import PNG
from .tools import embedded


def said(text: str) -> PromptMessage:
    """Return a text as a message of the user."""
    return PromptMessage(role="user", content=TextContent(type="text", text=text))


# First: the caching scenario reads the first resource of the list.
@mcp.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """A text that never changes."""
    return "This is the content of the static text resource."


@mcp.resource("test://static-binary", mime_type="image/png", size=len(PNG))
def static_binary() -> bytes:
    """A picture that never changes."""
    return PNG


@mcp.resource("test://watched-resource", mime_type="text/plain")
def watched_resource() -> str:
    """A text that one can subscribe to."""
    return "Watched resource content"


def _numbers(value: str) -> list[str]:
    return [text for text in map(str, range(1000)) if text.startswith(value)]


@mcp.resource("test://template/{id}/data", mime_type="application/json", completions={"id": _numbers})
def template_data(id: str) -> str:
    """Data of one id."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"}, separators=(",", ":"))


@mcp.prompt
def test_simple_prompt() -> str:
    """One message without arguments."""
    return "This is a simple prompt for testing."


def _words(value: str) -> list[str]:
    return [word for word in ("test", "testing", "tested", "other") if word.startswith(value)]


@mcp.prompt(completions={"arg1": _words})
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """One message with two arguments in it.

    :param arg1: the first argument
    :param arg2: the second argument
    """
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@mcp.prompt
def test_prompt_with_embedded_resource(resourceUri: str) -> list[Any]:
    """A resource and a message about it.

    :param resourceUri: the URI of the embedded resource
    """
    resource = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [
        PromptMessage(role="user", content=resource),
        said("Please process the embedded resource above."),
    ]


@mcp.prompt
def test_prompt_with_image() -> list[Any]:
    """A picture and a message about it."""
    picture = Image(data=PNG, mime_type="image/png")
    return [
        PromptMessage(role="user", content=ImageContent.model_validate(picture.block())),
        said("Please analyze the image above."),
    ]


@mcp.prompt
def test_toggled_prompt() -> str:
    """Be there, except while test_trigger_prompt_change runs."""
    return "still here"
