"""Logins in progress: what an authorization request asked for, until it is answered."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from werkzeug.datastructures import MultiDict

from .browser import browser_id
from .memory import Memory

LIFETIME = 600
LIMIT = 500
_STORE = "local_tenant_transactions"


@dataclass(slots=True)
class Transaction:
    """One authorization request. ``id`` is the ``state`` in the URLs of the tenant's own pages.

    :param browser: the browser that began it; no other takes it further.
    """

    id: str
    parameters: MultiDict[str, str]
    client_id: str
    redirect_uri: str
    browser: str
    logged_in: bool = False
    consented: bool = False
    scopes: tuple[str, ...] = ()
    audience: str = ""
    organization: str | None = None

    def done(self) -> None:
        """It is answered: nobody takes it up again."""
        _store().pop(self.id)


def keep_transaction(transaction: Transaction) -> None:
    _store().put(transaction.id, transaction)


def find_transaction(transaction_id: str) -> Transaction | None:
    """The login of that id, if it was begun in the browser that asks."""
    transaction = _store().get(transaction_id)
    return transaction if transaction is not None and transaction.browser == browser_id() else None


def _store() -> Memory[Transaction]:
    from .tenant import current_tenant

    store = current_app.extensions.get(_STORE)
    if store is None:
        store = Memory(current_tenant().state.now, limit=LIMIT, lifetime=LIFETIME)
        store = current_app.extensions.setdefault(_STORE, store)
    assert isinstance(store, Memory)
    return store
