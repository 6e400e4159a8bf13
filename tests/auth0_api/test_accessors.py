from __future__ import annotations

import pytest
from auth0.management import ManagementClient
from flask import Flask

from flask_mcp_auth0.auth0_api.accessors import get_client, get_management
from flask_mcp_auth0.auth0_api.client import Auth0Client
from flask_mcp_auth0.errors import OutsideRequestError


def test_the_current_app_s_clients_are_returned(app: Flask, client: Auth0Client) -> None:
    with app.app_context():
        assert get_client() is client
        assert isinstance(get_management(), ManagementClient)
        assert get_management() is get_management()
        assert get_management(patient=True) is not get_management()


@pytest.mark.parametrize("accessor", [get_client, get_management])
def test_without_an_app_one_is_told_how_to_have_one(accessor: object) -> None:
    assert callable(accessor)
    with pytest.raises(OutsideRequestError, match=r"with app\.app_context\(\)"):
        accessor()


@pytest.mark.parametrize("accessor", [get_client, get_management])
def test_in_an_app_without_the_extension_one_is_told_to_initialise_it(accessor: object) -> None:
    assert callable(accessor)
    with Flask("bare").app_context(), pytest.raises(OutsideRequestError, match=r"mcp\.init_app\(app\)"):
        accessor()
