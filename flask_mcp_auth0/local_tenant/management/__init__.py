"""The Management API of the local tenant, below ``/api/v2``.

Each module holds one resource's endpoints; :mod:`.blueprint` finds the endpoint, its caller, and answers.
What Auth0 does differently, or what is not known of it, is said in the modules.
"""

from __future__ import annotations

from .blueprint import ROUTER, create_blueprint, perform

__all__ = ["ROUTER", "create_blueprint", "perform"]
