"""``/authorize``: from an authorization request, over login and consent, to a code (RFC 6749 section 4.1,
OpenID Connect Core section 3.1).
"""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.datastructures import MultiDict

from .authlib_parts import IssuerParameter, OAuth2Error
from .browser import browser_id, current_session
from .client_documents import know_client
from .code_grant import CODE_LIFETIME, AuthorizationCodeGrant
from .errors import TenantError
from .model import GRANT_AUTHORIZATION_CODE, AuthorizationCode, Client, User
from .oauth_server import TenantRequest, current_server, notes
from .pages import Page, error_page
from .rules import (
    consent_needed,
    organization_for,
    split_scope,
    user_scopes,
    user_target,
    wanted_audience,
)
from .tenant import Session, current_tenant
from .transactions import Transaction, find_transaction, keep_transaction

bp = Blueprint("authorize", __name__)

MAX_PARAMETER = 8192
# Auth0's list for third-party applications (Security Controls for Third-Party Applications).
STRICT_PARAMETERS = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "audience", "resource"),
        *("code_challenge", "code_challenge_method", "dpop_jkt", "authorization_details"),
        *("prompt", "max_age", "login_hint", "display", "ui_locales", "acr_values"),
        *("connection", "organization", "correlation_id"),
    }
)


class Issuer(IssuerParameter):
    """``iss`` in authorization responses (RFC 9207), where the tenant's settings switch it on."""

    def get_issuer(self) -> str | None:
        tenant = current_tenant()
        on = tenant.state.settings.authorization_response_iss_parameter_supported
        return tenant.issuer if on else None


ISSUER = Issuer()


@bp.route("/authorize", methods=["GET", "POST"])
def authorize() -> Page:
    """Begin: check all that can be checked without the user, then go to the first step that needs them."""
    parameters: MultiDict[str, str] = MultiDict(request.args if request.method == "GET" else request.form)
    if any(len(value) > MAX_PARAMETER for value in parameters.values()):
        return error_page("invalid_request", "A parameter of the request is too long.", 400)
    oauth_request = TenantRequest("GET", parameters)
    try:
        client_id = parameters.get("client_id", "")
        know_client(current_tenant(), client_id)
        grant = _checked(oauth_request)
    except OAuth2Error as error:
        return _refuse(error, oauth_request)
    client: Client = grant.request.client.record
    transaction = Transaction(
        id=secrets.token_urlsafe(24),
        parameters=parameters,
        client_id=client.client_id,
        redirect_uri=cast("str", grant.redirect_uri),
        browser=browser_id(),
    )
    keep_transaction(transaction)
    return advance(transaction)


@bp.get("/authorize/resume")
def resume() -> Page:
    """Take an authorization request up again after a step."""
    transaction = find_transaction(request.args.get("state", ""))
    if transaction is None:
        return error_page(
            "invalid_request", "This login is too old, or it was begun in another browser.", 400
        )
    return advance(transaction)


def advance(transaction: Transaction) -> Page:
    """Go to the next step: login, consent, or back to the application."""
    oauth_request = TenantRequest("GET", transaction.parameters)
    try:
        # Checked anew at each step: the application may have been changed or deleted meanwhile.
        grant = _checked(oauth_request)
    except OAuth2Error as error:
        return _refuse(error, oauth_request, transaction)
    try:
        return _step(transaction, oauth_request, grant)
    except OAuth2Error as error:
        error.redirect_uri = transaction.redirect_uri
        return _refuse(error, oauth_request, transaction)


def _step(transaction: Transaction, oauth_request: TenantRequest, grant: AuthorizationCodeGrant) -> Page:
    state, parameters = current_tenant().state, transaction.parameters
    client: Client = grant.request.client.record
    prompt = parameters.get("prompt", "").split()
    session = current_session()
    user = state.users.get(session.user_id) if session else None
    if session is None or user is None or user.blocked or _login_again(transaction, session, prompt):
        if "none" in prompt:
            raise TenantError("login_required", "Login required", redirect_uri=transaction.redirect_uri)
        return redirect(url_for("login.show", state=transaction.id))
    notes().client_id, notes().user_id = client.client_id, user.user_id
    organization = organization_for(state, client, user, parameters.get("organization"))
    target = user_target(state, client, wanted_audience(state, parameters.to_dict(flat=False)))
    organization_id = organization.id if organization else None
    requested = split_scope(parameters.get("scope"))
    scopes = user_scopes(state, client, user, target, requested, organization=organization_id)
    asked_anew = "consent" in prompt and not transaction.consented
    if asked_anew or consent_needed(state, client, user, target.api, scopes):
        if "none" in prompt:
            raise TenantError("consent_required", "Consent required", redirect_uri=transaction.redirect_uri)
        transaction.scopes = scopes
        transaction.audience = target.api.identifier if target.api else state.userinfo_audience
        transaction.organization = organization_id
        return redirect(url_for("consent.show", state=transaction.id))
    grant.decision = AuthorizationCode(
        code=secrets.token_urlsafe(36),
        client_id=client.client_id,
        user_id=user.user_id,
        redirect_uri=transaction.redirect_uri,
        requested_redirect_uri=parameters.get("redirect_uri"),
        scope=" ".join(scopes),
        audience=target.api.identifier if target.api else "",
        organization=organization_id,
        nonce=parameters.get("nonce"),
        code_challenge=parameters.get("code_challenge"),
        code_challenge_method=parameters.get("code_challenge_method"),
        auth_time=session.auth_time,
        expires_at=state.now() + CODE_LIFETIME,
        dpop_jkt=parameters.get("dpop_jkt"),
    )
    transaction.done()
    return _answer(oauth_request, grant, user)


def deny(transaction: Transaction) -> Page:
    """The user said no: tell the application (RFC 6749 section 4.1.2.1)."""
    transaction.done()
    oauth_request = TenantRequest("GET", transaction.parameters)
    try:
        return _answer(oauth_request, _checked(oauth_request), None)
    except OAuth2Error as error:
        return _refuse(error, oauth_request, transaction)


def _answer(oauth_request: TenantRequest, grant: AuthorizationCodeGrant, user: User | None) -> Page:
    response: Response = current_server().create_authorization_response(
        request=oauth_request, grant_user=user, grant=grant
    )
    return response


def _checked(oauth_request: TenantRequest) -> AuthorizationCodeGrant:
    """The grant for an authorization request that is in order as far as it can be judged without the user.

    :raises OAuth2Error: with a ``redirect_uri`` once that is known to be the application's.
    """
    state = current_tenant().state
    parameters: MultiDict[str, str] = oauth_request.payload.data
    client_id = parameters.get("client_id", "")
    client = state.find_client(client_id)
    if client is None:
        raise TenantError("invalid_request", f"Unknown client: {client_id[:200]}", 403)
    notes().client_id = client.client_id
    redirect_uri = parameters.get("redirect_uri")
    server = current_server()
    probe = server.query_client(client_id)
    assert probe is not None
    if redirect_uri is not None and not probe.check_redirect_uri(redirect_uri):
        raise TenantError(
            "invalid_request",
            "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.",
            403,
        )
    grant = cast("AuthorizationCodeGrant", server.get_authorization_grant(oauth_request))
    grant.validate_no_multiple_request_parameter(oauth_request)
    grant.validate_consent_request()
    target_uri = cast("str", grant.redirect_uri)
    try:
        _check_parameters(client, parameters)
        user_target(state, client, wanted_audience(state, parameters.to_dict(flat=False)))
        organization_for(state, client, None, parameters.get("organization"))
        _check_connection(client)
    except TenantError as error:
        error.redirect_uri = target_uri
        raise
    return grant


def _check_parameters(client: Client, parameters: MultiDict[str, str]) -> None:
    if GRANT_AUTHORIZATION_CODE not in client.grant_types:
        raise TenantError(
            "unauthorized_client", "Grant type 'authorization_code' not allowed for the client."
        )
    if client.strict:
        unknown = [n for n in parameters if n not in STRICT_PARAMETERS and not n.startswith("ext-")]
        if unknown:
            raise TenantError(
                "invalid_request",
                f"Unsupported parameters for third-party clients: {', '.join(unknown)}",
                400,
            )
    for name in ("request", "request_uri"):
        if name in parameters:
            raise TenantError(f"{name}_not_supported", f"The parameter {name} is not supported.", 400)
    if parameters.get("response_mode", "query") != "query":
        raise TenantError("invalid_request", "Unsupported response_mode.", 400)
    split_scope(parameters.get("scope"))


def _check_connection(client: Client) -> None:
    """Third-party applications log users in over domain connections only."""
    connections = current_tenant().state.connections.values()
    usable = [
        c
        for c in connections
        if c.is_domain_connection or (client.is_first_party and (c.strategy == "auth0"))
    ]
    if not usable:
        raise TenantError("invalid_request", "no connections enabled for the client", 400)


def _login_again(transaction: Transaction, session: Session, prompt: list[str]) -> bool:
    if transaction.logged_in:
        return False
    if "login" in prompt or "select_account" in prompt:
        return True
    max_age = transaction.parameters.get("max_age", "")
    return max_age.isdigit() and current_tenant().state.now() - session.auth_time > int(max_age)


def _refuse(error: OAuth2Error, oauth_request: TenantRequest, transaction: Transaction | None = None) -> Page:
    """Report an error to the application, or, where that is not safe, to the user."""
    state = current_tenant().state
    error.state = oauth_request.payload.state
    client = state.find_client(oauth_request.payload.client_id or "")
    description = str(error.get_error_description() or "")
    state.log("f", description, client_id=client.client_id if client else None)
    # Redirects that a user did not cause are no way out for untrusted applications (Auth0's
    # open_redirect_protection).
    protected = client is not None and client.strict and _policy(client) != "allow_always"
    touched = transaction is not None and (transaction.logged_in or transaction.consented)
    if error.redirect_uri and (touched or not protected):
        response: Any = current_server().handle_error_response(oauth_request, error)
        ISSUER.add_issuer_parameter(None, response)
        return cast("Response", response)
    status = error.status_code if isinstance(error, TenantError) else 400
    return error_page(str(error.error), description, status)


def _policy(client: Client) -> str:
    return str(client.extra.get("redirection_policy", "open_redirect_protection"))
