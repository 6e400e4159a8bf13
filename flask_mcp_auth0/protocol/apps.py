"""MCP Apps: tools that show a page of their own (extension ``io.modelcontextprotocol/ui``).

A tool names a ``ui://`` resource in its ``_meta``; the host reads it and shows it in a sandboxed frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import RegistrationError
from .components import Resource, Tool

EXTENSION_ID = "io.modelcontextprotocol/ui"
MIME_TYPE = "text/html;profile=mcp-app"
SCHEME = "ui://"


def page_of(tool: Tool) -> str | None:
    """Return the URI of the page that a tool shows, ``None`` where it shows none.

    :raises RegistrationError: if it names something that is no ``ui://`` resource.
    """
    ui = (tool.meta or {}).get("ui")
    if not isinstance(ui, Mapping):
        return None
    uri = ui.get("resourceUri")
    if not isinstance(uri, str) or not uri.startswith(SCHEME):
        raise RegistrationError(
            f"{tool.place}: _meta.ui.resourceUri is {uri!r}; a page of a tool is a {SCHEME} resource"
        )
    return uri


def mime_type_of(resource: Resource) -> str | None:
    """Return the declared type of a resource; a page's is known without being said."""
    if resource.mime_type is None and resource.uri.startswith(SCHEME):
        return MIME_TYPE
    return resource.mime_type


def shows_pages(capabilities: Mapping[str, Any] | None) -> bool:
    """Tell whether a client declared that it shows pages; one that does not reads the tool's text."""
    extensions = (capabilities or {}).get("extensions")
    return isinstance(extensions, Mapping) and EXTENSION_ID in extensions
