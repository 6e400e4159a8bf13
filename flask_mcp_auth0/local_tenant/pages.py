"""The pages that people see while they log in."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from .browser import current_session, log_in, log_out
from .model import User
from .oauth_server import notes
from .security import allow_form_target, check_form, csrf_token
from .tenant import current_tenant
from .transactions import Transaction, find_transaction

login = Blueprint("login", __name__)
consent = Blueprint("consent", __name__)
front = Blueprint("front", __name__)

Page = Response | str | tuple[str, int]
MAX_FAILED_LOGINS = 10
MAX_INPUT = 256
TOO_OLD = (
    "This login is too old, or it was begun in another browser. Go back to your application and begin again."
)


def error_page(error: str, description: str, status: int) -> tuple[str, int]:
    """A page that tells a person, with the OAuth error code, what went wrong."""
    notes().note = error
    return render_template("error.html", error=error, description=description), status


@login.get("/u/login")
def show() -> Page:
    """The login form."""
    transaction = find_transaction(request.args.get("state", ""))
    if transaction is None:
        return error_page("invalid_request", TOO_OLD, 400)
    return _login_form(transaction, hint=transaction.parameters.get("login_hint", "")[:MAX_INPUT])


@login.post("/u/login")
def submit() -> Page:
    """Check name and password, then go on."""
    from .authorize import advance

    transaction = find_transaction(request.args.get("state", ""))
    if transaction is None:
        return error_page("invalid_request", TOO_OLD, 400)
    check_form(f"login:{transaction.id}")
    name, password = request.form.get("username", ""), request.form.get("password", "")
    if max(len(name), len(password)) > MAX_INPUT:
        return _login_form(transaction, problem="Wrong username or password."), 400
    user = _authenticate(name, password)
    if isinstance(user, str):
        current_tenant().state.log("fp", user, client_id=transaction.client_id)
        return _login_form(transaction, hint=name, problem=user), 400
    log_in(user)
    transaction.logged_in = True
    notes().user_id, notes().client_id = user.user_id, transaction.client_id
    current_tenant().state.log("s", "Successful login", client_id=transaction.client_id, user_id=user.user_id)
    return advance(transaction)


@consent.get("/u/consent")
def show_consent() -> Page:
    """Ask whether the application may."""
    transaction = find_transaction(request.args.get("state", ""))
    session = current_session()
    if transaction is None or session is None:
        return error_page("invalid_request", TOO_OLD, 400)
    state = current_tenant().state
    client, user = state.clients.get(transaction.client_id), state.users.get(session.user_id)
    if client is None or user is None:
        return error_page("invalid_request", TOO_OLD, 400)
    api = state.resource_servers.get(transaction.audience)
    known = dict(api.scopes) if api else {}
    words = {
        "openid": "Know who you are",
        "profile": "See your name and picture",
        "email": "See your e-mail address",
        "offline_access": "Stay connected when you are away",
    }
    scopes = [(scope, known.get(scope) or words.get(scope, "")) for scope in transaction.scopes]
    organization = state.organizations.get(transaction.organization or "")
    allow_form_target(transaction.redirect_uri)
    return render_template(
        "consent.html",
        client=client,
        user=user,
        api=api,
        scopes=scopes,
        organization=organization,
        destination=_destination(transaction.redirect_uri),
        state=transaction.id,
        csrf=csrf_token(f"consent:{transaction.id}"),
    ), 200


# Auth0's path; the endpoint is called `consent.show` like its sibling.
consent.add_url_rule("/u/consent", endpoint="show", view_func=show_consent)


@consent.post("/u/consent")
def decide() -> Page:
    """Remember the answer and go on."""
    from .authorize import advance, deny

    transaction = find_transaction(request.args.get("state", ""))
    session = current_session()
    if transaction is None or session is None or session.user_id not in current_tenant().state.users:
        return error_page("invalid_request", TOO_OLD, 400)
    check_form(f"consent:{transaction.id}")
    action = request.form.get("action")
    if action == "switch":
        log_out()
        transaction.logged_in = False
        return redirect(url_for("login.show", state=transaction.id))
    transaction.consented = True
    if action != "accept":
        return deny(transaction)
    current_tenant().state.remember_consent(
        session.user_id,
        transaction.client_id,
        transaction.audience,
        transaction.scopes,
        transaction.organization,
    )
    return advance(transaction)


@front.get("/")
def home() -> str:
    """What this is, for whoever opens it in a browser."""
    tenant = current_tenant()
    return render_template("home.html", tenant=tenant, session=current_session())


@front.get("/v2/logout")
def logout() -> str:
    """End the browser's session (Auth0's ``/v2/logout``; it never redirects elsewhere)."""
    log_out()
    return render_template("message.html", title="Logged out", text="You are logged out of the local tenant.")


def _login_form(transaction: Transaction, *, hint: str = "", problem: str = "") -> str:
    state = current_tenant().state
    client = state.clients.get(transaction.client_id)
    audience = transaction.parameters.get("audience") or transaction.parameters.get("resource") or ""
    allow_form_target(transaction.redirect_uri)
    return render_template(
        "login.html",
        client=client,
        api=state.resource_servers.get(audience),
        users=[user for user in state.users.values() if not user.blocked][:12],
        destination=_destination(transaction.redirect_uri),
        hint=hint,
        problem=problem,
        state=transaction.id,
        csrf=csrf_token(f"login:{transaction.id}"),
    )


def _authenticate(name: str, password: str) -> User | str:
    """The user, or what to say; the same for an unknown name and a wrong password."""
    tenant = current_tenant()
    key = name.casefold()
    failed = tenant.failed_logins.get(key) or 0
    if failed >= MAX_FAILED_LOGINS:
        return "Too many attempts for this name. Wait a minute."
    user = tenant.state.find_user(name)
    expected = user.password if user else ""
    if not hmac.compare_digest(expected.encode(), password.encode()) or user is None:
        tenant.failed_logins.put(key, failed + 1)
        return "Wrong username or password."
    if user.blocked:
        return "This user is blocked."
    return user


def _destination(uri: str) -> str:
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"
