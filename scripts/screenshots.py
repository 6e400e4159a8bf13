"""Take the documentation's screenshots anew, into docs/images: of the local tenant, of the page for people and of
a client that calls a tool. Needs Chromium, and npm for the client. ``make pictures`` runs it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(Path(__file__).parent))

from terminal_pictures import BASE_URL, IMAGES, local_tenant, reports

from tests.local_tenant.chromium import chromium
from tests.npm import installed, node

CALLBACK = "http://127.0.0.1:33418/callback"
AUDIENCE = f"{BASE_URL}/mcp"
INSPECTOR = "@modelcontextprotocol/inspector"


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


def size(browser: Any, width: int, height: int) -> None:
    """Make the window as large as a picture is to be."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def shoot(browser: Any, name: str) -> None:
    """Take one picture."""
    browser.save_screenshot(str(IMAGES / f"{name}.png"))


def log_in(browser: Any, user: str) -> None:
    """Fill in the login page."""
    browser.find_element(By.NAME, "username").send_keys(user)
    browser.find_element(By.NAME, "password").send_keys(f"{user}-password", "\n")


def use_the_inspector(browser: Any, home: str) -> None:
    """Connect the inspector, log in as Alice, and call her tool."""
    program = installed("clients/inspector", f"{INSPECTOR}@2.12.0")
    launcher = program / "node_modules" / INSPECTOR / "clients/launcher/build/index.js"
    command = [node(), str(launcher), "--transport", "http", "--server-url", AUDIENCE]
    environment = {
        "HOME": home,
        "PATH": str(Path(node()).parent),
        "MCP_AUTO_OPEN_ENABLED": "false",
        "MCP_INSPECTOR_SECRET_STORE": "memory",
    }

    def once(how: str, what: str) -> Any:
        return WebDriverWait(browser, 30).until(lambda _: browser.find_elements(how, what))[0]

    running = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert running.stdout is not None
        url = next(found[0] for line in running.stdout if (found := re.search(r"http://\S+TOKEN=\S+", line)))
        browser.get(url)
        browser.execute_script("arguments[0].click()", once(By.CSS_SELECTOR, "input[type=checkbox]"))
        once(By.NAME, "username")
        log_in(browser, "alice")
        once(By.CSS_SELECTOR, "button[value=accept]").click()
        once(By.XPATH, "//label[normalize-space()='Tools']").click()
        once(By.XPATH, "//button[normalize-space()='monthly_report']").click()
        once(By.XPATH, "//button[@aria-label='Enlarge month']/preceding::input[1]").send_keys("2026-11")
        once(By.XPATH, "//button[normalize-space()='Execute Tool']").click()
        once(By.XPATH, "//*[contains(text(), 'Revenue of 2026-11')]")
        click = "arguments[0].click()"
        browser.execute_script(click, once(By.CSS_SELECTOR, "[aria-label='Close monitoring sidebar']"))
        browser.execute_script(
            click, once(By.XPATH, "//*[text()='Authorization complete']/following::button")
        )
        WebDriverWait(browser, 30).until(
            lambda _: not browser.find_elements(By.XPATH, "//*[text()='Authorization complete']")
        )
        shoot(browser, "inspector")
    finally:
        os.killpg(running.pid, signal.SIGKILL)  # it starts another process, which it leaves behind
        running.communicate()


def main() -> None:
    """Log in as a client's user would, look at the administrator's pages, the app's page, and call a tool."""
    with (
        local_tenant() as tenant,
        reports(tenant),
        tempfile.TemporaryDirectory() as profile,
        chromium(Path(profile), width=700, height=520) as browser,
    ):
        browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        browser.get(authorization_url(tenant.issuer))
        shoot(browser, "login")
        log_in(browser, "alice")
        shoot(browser, "consent")
        size(browser, 900, 580)
        browser.get(f"{tenant.issuer}admin/users/auth0%7Cbob")
        shoot(browser, "admin-user")
        size(browser, 900, 940)
        browser.get(AUDIENCE)
        shoot(browser, "page")
        browser.delete_all_cookies()
        size(browser, 1280, 440)
        browser.get(f"{tenant.issuer}v2/logout")
        use_the_inspector(browser, profile)
        size(browser, 900, 580)
        browser.get(f"{tenant.issuer}admin/requests")
        shoot(browser, "admin-requests")


if __name__ == "__main__":
    main()
