"""What the server says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .versions import SERVER_INFO_META_KEY


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Name, version and advice of a server (basic/index, Implementation).

    :param instructions: how to use the server, for the model; ``None`` for nothing.
    """

    name: str
    version: str
    title: str | None = None
    instructions: str | None = None
    website_url: str | None = None

    def implementation(self) -> dict[str, Any]:
        """Return the wire form of ``Implementation``."""
        info: dict[str, Any] = {"name": self.name, "version": self.version}
        if self.title:
            info["title"] = self.title
        if self.website_url:
            info["websiteUrl"] = self.website_url
        return info

    def meta(self) -> dict[str, Any]:
        """Return the ``_meta`` of every modern result (basic/index, Per-response metadata)."""
        return {SERVER_INFO_META_KEY: self.implementation()}
