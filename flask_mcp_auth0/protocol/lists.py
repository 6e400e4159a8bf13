"""``tools/list``, ``resources/list``, ``resources/templates/list`` and ``prompts/list``, with pagination.

Every definition was serialised at start; a list is spliced from those bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import jsonrpc
from .errors import invalid_params
from .server import Exchange

if TYPE_CHECKING:
    from .bound import Bound

PAGE_SIZE = 100


def list_tools(exchange: Exchange) -> bytes:
    """Return the tools that the caller may see (server/tools, Listing Tools)."""
    return _list(exchange, b"tools", list(exchange.server.registry.tools.values()))


def list_resources(exchange: Exchange) -> bytes:
    """Return the resources that the caller may see (server/resources, Listing Resources)."""
    return _list(exchange, b"resources", list(exchange.server.registry.resources.values()))


def list_resource_templates(exchange: Exchange) -> bytes:
    """Return the resource templates that the caller may see (server/resources, Resource Templates)."""
    return _list(exchange, b"resourceTemplates", exchange.server.registry.templates)


def list_prompts(exchange: Exchange) -> bytes:
    """Return the prompts that the caller may see (server/prompts, Listing Prompts)."""
    return _list(exchange, b"prompts", list(exchange.server.registry.prompts.values()))


def _list(exchange: Exchange, member: bytes, items: Sequence[Bound]) -> bytes:
    cursor = _cursor_of(exchange, member)
    listing = exchange.server.access.listing([item.component for item in items])
    off = exchange.server.switches.off(items[0].component.kind, fresh=True) if items else frozenset()
    shown = [
        item
        for item, visible in zip(items, listing.visible, strict=True)
        if visible and item.component.name not in off
    ]
    start = 0 if cursor is None else cursor.start(shown)
    end = start + PAGE_SIZE
    parts = [b'{"', member, b'":[', b",".join(item.encoded for item in shown[start:end]), b"]"]
    if len(shown) > end:
        parts += [b',"nextCursor":"', _Cursor(end, shown[end - 1].component.name).written(member), b'"']
    if exchange.terms.modern:
        scope = b"public" if listing.uniform else b"private"
        parts += [b',"ttlMs":', str(listing.ttl_ms).encode(), b',"cacheScope":"', scope]
        parts += [b'","resultType":"complete","_meta":', jsonrpc.encode(exchange.server.info.meta())]
    parts.append(b"}")
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a page ended, in terms of what its reader saw.

    Whoever makes one up learns nothing: what is hidden or switched off has no part in how it is understood.

    :param given: how many were given so far.
    :param last: the name of the last one of them.
    """

    given: int
    last: str

    def start(self, shown: Sequence[Bound]) -> int:
        """Return where the next page starts among what is shown now, which may be less or more than it was."""
        for index, item in enumerate(shown):
            if item.component.name == self.last:
                return index + 1
        # The last one is shown no longer, so there is one less in front. Of what else has gone nothing is known.
        return self.given - 1

    def written(self, member: bytes) -> bytes:
        """Return it as a client gets it, for one kind of list."""
        name = self.last.encode("utf-8", "surrogatepass")
        return base64.urlsafe_b64encode(b":".join((member, str(self.given).encode(), name)))


def _cursor_of(exchange: Exchange, member: bytes) -> _Cursor | None:
    """Return the cursor that a request brings (server/utilities/pagination, Error Handling).

    :raises ProtocolError: -32602 if it has not the form of ours.
    """
    cursor = exchange.params.get("cursor")
    if cursor is None:
        return None
    try:
        text = base64.b64decode(str(cursor).encode(), altchars=b"-_", validate=True)
        name, number, last = text.split(b":", 2)
        given = int(number) if len(number) < 10 and number.isdigit() else 0
        found = _Cursor(given, last.decode("utf-8", "surrogatepass"))
    except (binascii.Error, ValueError):
        raise invalid_params("Invalid params: unknown cursor") from None
    if not isinstance(cursor, str) or name != member or not given or not last:
        raise invalid_params("Invalid params: unknown cursor")
    return found
