"""What the documentation site does to its pages: docstrings are written in Sphinx's way, pages in Markdown."""

from __future__ import annotations

import re
from typing import Any

#: As in :meth:`~package.Class.method`, once Markdown has made code of what is in the backticks.
_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):<code>(~?)([^<]*)</code>")
#: What announces a literal block.
_ANNOUNCED = re.compile(r"<p>::</p>|:(?=:</p>)")


def on_page_content(html: str, **_: Any) -> str:
    """Show roles as what they name, and announcements of code without their second colon."""
    html = _ROLE.sub(lambda found: f"<code>{_shown(*found.groups())}</code>", html)
    return _ANNOUNCED.sub("", html)


def _shown(short: str, name: str) -> str:
    return name.rpartition(".")[2] if short else name
