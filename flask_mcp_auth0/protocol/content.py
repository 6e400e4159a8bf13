"""Content that is not plain text: images, sounds and files, as a function returns them."""

from __future__ import annotations

import base64
import mimetypes
from dataclasses import dataclass
from typing import Any

import mcp_types
from pydantic import BaseModel

#: Every content block of the protocol; a function may return them as they are.
BLOCKS: tuple[type[BaseModel], ...] = (
    mcp_types.TextContent,
    mcp_types.ImageContent,
    mcp_types.AudioContent,
    mcp_types.EmbeddedResource,
    mcp_types.ResourceLink,
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a result (server/tools, Image Content).

    :param data: the encoded image.
    :param mime_type: its type, as in ``image/png``.
    """

    data: bytes
    mime_type: str = "image/png"

    def block(self) -> dict[str, Any]:
        """Return the content block."""
        return {
            "type": "image",
            "data": base64.b64encode(self.data).decode("ascii"),
            "mimeType": self.mime_type,
        }


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound in a result (server/tools, Audio Content).

    :param data: the encoded sound.
    :param mime_type: its type, as in ``audio/wav``.
    """

    data: bytes
    mime_type: str = "audio/wav"

    def block(self) -> dict[str, Any]:
        """Return the content block."""
        return {
            "type": "audio",
            "data": base64.b64encode(self.data).decode("ascii"),
            "mimeType": self.mime_type,
        }


@dataclass(frozen=True, slots=True)
class File:
    """A file in a result (server/tools, Embedded Resources).

    :param uri: the name by which the file is known, as in ``file:///report.csv``.
    :param data: text, or bytes.
    :param mime_type: its type; guessed from the URI where left out.
    """

    uri: str
    data: str | bytes
    mime_type: str | None = None

    def block(self) -> dict[str, Any]:
        """Return the content block."""
        return {"type": "resource", "resource": contents(self.uri, self.data, self.mime_type)}


def contents(uri: str, data: str | bytes, mime_type: str | None) -> dict[str, Any]:
    """Return resource contents: text as text, bytes in Base64 (server/resources, Resource Contents)."""
    if isinstance(data, str):
        return {
            "uri": uri,
            "mimeType": mime_type or mimetypes.guess_type(uri)[0] or "text/plain",
            "text": data,
        }
    return {
        "uri": uri,
        "mimeType": mime_type or mimetypes.guess_type(uri)[0] or "application/octet-stream",
        "blob": base64.b64encode(data).decode("ascii"),
    }


def block_of(value: Any) -> dict[str, Any] | None:
    """Return the content block that a value is, ``None`` where it is none."""
    if isinstance(value, str):
        return {"type": "text", "text": value}
    if isinstance(value, Image | Audio | File):
        return value.block()
    if isinstance(value, BLOCKS):
        return dump(value)
    return None


def dump(model: BaseModel) -> dict[str, Any]:
    """Return a protocol model in its wire form."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
