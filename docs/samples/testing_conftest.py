import pytest
from app import create_app
from flask import Flask


@pytest.fixture
def app(auth0_environment: dict[str, str]) -> Flask:
    return create_app()
