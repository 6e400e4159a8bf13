"""What one caller holds, found out only as far as one decision or one list needs it."""

from __future__ import annotations

from ..errors import AuthorizationUnavailable
from ..settings import Settings
from .auth_info import AuthInfo
from .permissions import Enough, PermissionLookup


class Holdings:
    """The caller's permissions, from the source that ``AUTH0_PERMISSIONS_SOURCE`` names.

    Made for one request, and never shared between threads; a whole list of components costs at most two look-ups
    of the user and two of the API: what is kept, and where that does not do for one of them, what holds now.

    :param auth_info: the caller, ``None`` for one without a token.
    :param settings: the source.
    :param lookup: asks Auth0, through the cache.
    """

    def __init__(self, auth_info: AuthInfo | None, settings: Settings, lookup: PermissionLookup) -> None:
        self._info = auth_info
        self._source = settings.permissions_source
        self._lookup = lookup
        self._defined: frozenset[str] | None = None
        self._defined_is_latest = False
        self._defined_failure: AuthorizationUnavailable | None = None
        self._held: frozenset[str] | None = None
        self._held_is_latest = False
        self._held_failure: AuthorizationUnavailable | None = None
        #: Whether anything was looked at that may differ between callers.
        self.personal = False

    @property
    def by_token(self) -> bool:
        """Whether the token alone decides: it is a machine's, or the settings say so."""
        return self._source == "token" or self.is_machine

    @property
    def is_machine(self) -> bool:
        """Whether no person is behind the token."""
        return self._info is not None and self._info.is_machine

    @property
    def can_ask(self) -> bool:
        """Whether Auth0 can be asked anything."""
        return self._lookup.can_ask

    def defined(self, *, including: str | None = None) -> frozenset[str]:
        """Return the permissions that are defined on the API.

        :param including: a permission without which an older answer is not believed.
        :raises AuthorizationUnavailable: if Auth0 cannot be asked.
        """
        lacking = including is not None and self._defined is not None and including not in self._defined
        if self._defined is None or (lacking and not self._defined_is_latest):
            if self._defined_failure is not None:
                raise self._defined_failure
            try:
                self._defined = self._lookup.api_permissions(including)
            except AuthorizationUnavailable as error:
                self._defined_failure = error
                raise
            # A look-up answers with less than was wanted only if Auth0 has just said so.
            self._defined_is_latest = including is not None and including not in self._defined
        return self._defined

    def claimed(self) -> frozenset[str]:
        """Return what the token says about permissions and may be believed in.

        A user's ``permissions`` count where the source is ``token`` or ``auto``. A machine's ``permissions``
        and ``scope`` both come from its client grant, and are all that there is.
        """
        self.personal = True
        if self._info is None:
            return frozenset()
        if self._info.is_machine:
            return frozenset(self._info.permissions) | frozenset(self._info.scopes)
        return frozenset() if self._source == "management" else frozenset(self._info.permissions)

    def held(self, enough: Enough) -> frozenset[str]:
        """Return the permissions that the caller holds.

        :param enough: tells whether a set grants what is asked; Auth0 is asked no more once it does.
        :raises AuthorizationUnavailable: if Auth0 would have to be asked, and cannot be.
        """
        claimed = self.claimed()
        if self._info is None or self.by_token or (claimed and enough(claimed)):
            return claimed
        if self._held is not None and (self._held_is_latest or enough(self._held | claimed)):
            return self._held | claimed
        if self._held_failure is not None:
            raise self._held_failure
        try:
            self._held = self._lookup.held_by(self._info, lambda held: enough(held | claimed))
        except AuthorizationUnavailable as error:
            self._held_failure = error
            raise
        held = self._held | claimed
        self._held_is_latest = not enough(held)
        return held

    def has_scope(self, scope: str) -> bool:
        """Tell whether the token itself carries the scope."""
        self.personal = True
        return self._info is not None and scope in self._info.scopes

    def could_get(self, scope: str) -> bool:
        """Tell whether the client could get a scope that its token lacks by asking for it.

        With RBAC on (the token has a ``permissions`` claim then) Auth0 gives a user no scope of the API
        that they do not hold. Where that is not known the answer is yes: Auth0 decides once the client asks.
        """
        info = self._info
        if info is None or info.is_machine or not info.has_permissions_claim or scope in info.permissions:
            return True
        if self._source == "token":
            return True  # it may be a scope of another kind; nobody is asked
        try:
            return scope not in self.defined() or scope in self.held(lambda held: scope in held)
        except AuthorizationUnavailable:
            return True

    def could_get_permission(self, permission: str) -> bool:
        """Tell whether the client could get a permission on the API as a scope by asking for it.

        As :meth:`could_get`, but what the API does not define is out of reach.
        """
        info = self._info
        if info is None or permission in info.permissions:
            return True
        if self._source == "token":
            return not info.has_permissions_claim
        try:
            if permission not in self.defined(including=permission):
                return False
            return not info.has_permissions_claim or permission in self.held(lambda held: permission in held)
        except AuthorizationUnavailable:
            return True
