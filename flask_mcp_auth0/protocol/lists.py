"""``tools/list``, ``resources/list``, ``resources/templates/list`` and ``prompts/list``, with pagination.

Every definition was serialised at start; a list is spliced from those bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
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
    start = _position(exchange, member, len(items))
    listing = exchange.server.access.listing([item.component for item in items])
    off = exchange.server.switches.off(items[0].component.kind, fresh=True) if items else frozenset()
    shown = [
        (index, item)
        for index, (item, visible) in enumerate(zip(items, listing.visible, strict=True))
        if visible and index >= start and item.component.name not in off
    ]
    parts = [b'{"', member, b'":[', b",".join(item.encoded for _, item in shown[:PAGE_SIZE]), b"]"]
    if len(shown) > PAGE_SIZE:
        parts += [b',"nextCursor":"', _cursor(member, shown[PAGE_SIZE][0]), b'"']
    if exchange.terms.modern:
        scope = b"public" if listing.uniform else b"private"
        parts += [b',"ttlMs":', str(listing.ttl_ms).encode(), b',"cacheScope":"', scope]
        parts += [b'","resultType":"complete","_meta":', jsonrpc.encode(exchange.server.info.meta())]
    parts.append(b"}")
    return b"".join(parts)


def _cursor(member: bytes, index: int) -> bytes:
    # A position among all that is registered, which is fixed: it stays right while what is visible changes, and
    # names nothing that the caller may not know.
    return base64.urlsafe_b64encode(member + b":" + str(index).encode())


def _position(exchange: Exchange, member: bytes, count: int) -> int:
    """Return where a page starts (server/utilities/pagination, Error Handling).

    :raises ProtocolError: -32602 if the cursor is none of ours.
    """
    cursor = exchange.params.get("cursor")
    if cursor is None:
        return 0
    try:
        name, _, index = base64.b64decode(str(cursor).encode(), altchars=b"-_", validate=True).partition(b":")
        position = int(index) if len(index) < 10 and index.isdigit() else -1
    except (binascii.Error, ValueError):
        name, position = b"", -1
    if not isinstance(cursor, str) or name != member or not 0 < position < count:
        raise invalid_params("Invalid params: unknown cursor")
    return position
