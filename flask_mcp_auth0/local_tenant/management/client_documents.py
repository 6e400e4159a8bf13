"""Client ID metadata documents: ``/clients/cimd/preview`` and ``/clients/cimd/register``."""

from __future__ import annotations

from typing import Any

from ..client_documents import (
    InvalidDocument,
    check_url,
    client_from_document,
    fetch_document,
    register_document,
)
from ..model import Client
from ..tenant import current_tenant
from .bodies import REQUIRED_STRING, checked
from .call import Answer, Call, created, without_none
from .errors import ManagementError
from .routing import Routes

routes = Routes()

_BODY = {"external_client_id": REQUIRED_STRING}


# Both fetch the document before they look at anything else, so they run outside the tenant's lock.
@routes.post("/clients/cimd/preview", "read:clients", description="Preview a CIMD client", outside_lock=True)
def preview(call: Call) -> Any:
    url = _url(call)
    try:
        check_url(url)
        client = client_from_document(url, fetch_document(current_tenant(), url), call.state.now())
    except InvalidDocument as error:
        return {"errors": [str(error)], "validation": _validation(str(error))}
    known = call.state.find_client(url)
    answer: dict[str, Any] = {"mapped_fields": mapped(client), "validation": _validation(), "errors": []}
    if known is not None:
        answer |= {
            "client_id": known.client_id,
            "external_metadata_created_by": known.external_metadata_created_by,
        }
    return answer


@routes.post(
    "/clients/cimd/register", "create:clients", description="Register a CIMD client", outside_lock=True
)
def register(call: Call) -> Answer:
    url = _url(call)
    known = call.state.find_client(url)
    try:
        client = register_document(current_tenant(), url)
    except InvalidDocument as error:
        raise ManagementError(
            400, f"The client metadata document is invalid: {error}", "invalid_body"
        ) from error
    answer = {"client_id": client.client_id, "mapped_fields": mapped(client), "validation": _validation()}
    return Answer(200, answer) if known else created(answer)


def mapped(client: Client) -> dict[str, Any]:
    """What of the document became properties of the application."""
    return without_none(
        {
            "external_client_id": client.external_client_id,
            "name": client.name,
            "app_type": client.app_type,
            "callbacks": client.callbacks,
            "logo_uri": client.logo_uri,
            "description": client.description,
            "grant_types": client.grant_types,
            "token_endpoint_auth_method": client.token_endpoint_auth_method,
            "jwks_uri": client.jwks_uri,
        }
    )


def _url(call: Call) -> str:
    url: str = checked(call.body, _BODY)["external_client_id"]
    if not call.state.settings.client_id_metadata_document_supported:
        raise ManagementError(
            403, "Client ID metadata documents are not enabled for this tenant.", "operation_not_supported"
        )
    return url


def _validation(violation: str | None = None) -> dict[str, Any]:
    return {
        "valid": violation is None,
        "violations": [violation] if violation is not None else [],
        "warnings": [],
    }
