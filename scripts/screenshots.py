"""Take the tutorial's screenshots of a running local tenant anew, into docs/images (needs Chromium)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import requests

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CALLBACK = "http://127.0.0.1:33418/callback"
AUDIENCE = "http://127.0.0.1:8000/mcp"

sys.path.insert(0, str(ROOT))

from selenium.webdriver.common.by import By  # noqa: E402

from flask_mcp_auth0.local_tenant.server import TenantServer  # noqa: E402
from tests.local_tenant.chromium import chromium  # noqa: E402


def authorization_url(issuer: str) -> str:
    """Register a client, as MCP clients do, and return where it would send its user."""
    registration = {
        "client_name": "Claude",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"],
    }
    client = requests.post(f"{issuer}oidc/register", json=registration, timeout=5).json()
    challenge = hashlib.sha256(secrets.token_urlsafe(40).encode()).digest()
    query = {
        "client_id": client["client_id"],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "tool:monthly_report",
        "resource": AUDIENCE,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
        "state": "screenshot",
    }
    return f"{issuer}authorize?{urlencode(query)}"


def main() -> None:
    """Log in as a client's user would, then look at the administrator's pages."""
    IMAGES.mkdir(exist_ok=True)
    with (
        TenantServer(audience=AUDIENCE) as tenant,
        tempfile.TemporaryDirectory() as profile,
        chromium(Path(profile), width=700, height=520) as browser,
    ):
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        browser.get(authorization_url(tenant.issuer))
        browser.save_screenshot(str(IMAGES / "login.png"))
        browser.find_element(By.NAME, "username").send_keys("alice")
        browser.find_element(By.NAME, "password").send_keys("alice-password", "\n")
        browser.save_screenshot(str(IMAGES / "consent.png"))
        size = {"width": 900, "height": 580, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(f"{tenant.issuer}admin/users/auth0%7Cbob")
        browser.save_screenshot(str(IMAGES / "admin-user.png"))
        browser.get(f"{tenant.issuer}admin/requests")
        browser.save_screenshot(str(IMAGES / "admin-requests.png"))


if __name__ == "__main__":
    main()
