"""What the server promises, row by row, and which tests hold it to that."""

from __future__ import annotations

from .authorization import AUTHORIZATION
from .base import BASE
from .features import FEATURES
from .handshake import HANDSHAKE
from .interaction import INTERACTION
from .product import PRODUCT
from .robustness import ROBUSTNESS
from .row import Row
from .transport import TRANSPORT
from .utilities import UTILITIES

ROWS: tuple[Row, ...] = (
    *TRANSPORT,
    *BASE,
    *UTILITIES,
    *FEATURES,
    *INTERACTION,
    *AUTHORIZATION,
    *HANDSHAKE,
    *ROBUSTNESS,
    *PRODUCT,
)

__all__ = ["ROWS", "Row"]
