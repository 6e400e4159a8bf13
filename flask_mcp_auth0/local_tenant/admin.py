"""The administrator's pages, ``/admin``: who holds what, granted and revoked by a click.

For people at this machine: there is no login, so nobody from elsewhere is answered. Every change goes
through the endpoint of the Management API that makes it (:mod:`.admin_actions`), so that both leave the
same log.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from . import admin_views
from .admin_actions import ACTIONS, ActionError, act
from .security import check_form, csrf_token, only_from_here
from .state import TenantState

FORM = "admin"
REFRESH_SECONDS = 3


def create_blueprint(state: TenantState) -> Blueprint:
    """The administrator's pages for ``state``, mounted at ``/admin``."""
    bp = Blueprint("admin", __name__, url_prefix="/admin")

    bp.before_request(only_from_here)

    def page(template: str, **values: Any) -> str:
        return render_template(f"admin/{template}.html", csrf=csrf_token(FORM), state=state, **values)

    @bp.get("/")
    def users() -> str:
        return page("users", users=admin_views.users(state))

    @bp.get("/users/<path:user_id>")
    def user(user_id: str) -> str:
        with state.lock:
            found = state.users.get(user_id) or abort(404, "There is no such user.")
            return page("user", user=found, **admin_views.user(state, found))

    @bp.get("/roles")
    def roles() -> str:
        return page("roles", roles=admin_views.roles(state))

    @bp.get("/roles/<role_id>")
    def role(role_id: str) -> str:
        with state.lock:
            found = state.roles.get(role_id) or abort(404, "There is no such role.")
            return page("role", role=found, **admin_views.role(state, found))

    @bp.get("/apis")
    def apis() -> str:
        with state.lock:
            return page("apis", apis=admin_views.apis(state))

    @bp.get("/applications")
    def applications() -> str:
        with state.lock:
            return page("applications", **admin_views.applications(state))

    @bp.get("/requests")
    def requests() -> str:
        seconds = REFRESH_SECONDS if request.args.get("live") else None
        return page("requests", live=seconds, **admin_views.requests(state))

    @bp.post("/act")
    def change() -> BaseResponse:
        check_form(FORM)
        action = ACTIONS.get(request.form.get("action", "")) or abort(400, "There is no such action.")
        try:
            with state.lock:
                flash(act(state, action, request.form))
        except ActionError as error:
            flash(str(error), "problem")
        return redirect(_back(request.form.get("back", "")), 303)

    @bp.after_request
    def _never_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return bp


def _back(path: str) -> str:
    """The page that the form was on; only ever one of ours."""
    home = url_for("admin.users")
    inside = path.startswith(home) and "\\" not in path and not any(ord(c) < 0x20 for c in path)
    return path if inside else home
