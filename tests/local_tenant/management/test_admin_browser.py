"""The administrator's pages in a real browser, with the keyboard."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from flask_mcp_auth0.local_tenant.model import Permission
from flask_mcp_auth0.local_tenant.server import TenantServer
from flask_mcp_auth0.local_tenant.state import TenantState

from .conftest import AUDIENCE

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = pytest.mark.browser

BOB = "auth0|bob"


@pytest.fixture
def chromium() -> Iterator[Chrome]:
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("no chromium or chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (
            "headless",
            "no-sandbox",
            "disable-gpu",
            "disable-quic",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
            "window-size=390,900",
            f"user-data-dir={profile}",
        ):
            options.add_argument(f"--{argument}")
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        driver.implicitly_wait(30)
        try:
            yield driver
        finally:
            driver.quit()


def test_a_permission_is_granted_and_revoked_with_the_keyboard_on_a_phone(
    tenant: TenantServer, state: TenantState, chromium: Chrome
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    chromium.get(tenant.url("/admin"))
    chromium.find_element(By.LINK_TEXT, "Bob").send_keys(Keys.ENTER)
    chromium.find_element(By.CSS_SELECTOR, "button[aria-label='Grant tool:close']").send_keys(Keys.ENTER)
    status = "//*[@role='status'][normalize-space()='{} tool:close.']"
    # The text is looked for, and not the element: the page before may have one, too.
    assert chromium.find_element(By.XPATH, status.format("Granted")).is_displayed()
    assert state.users[BOB].permissions == {Permission(AUDIENCE, "tool:close")}
    width = chromium.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0
    chromium.find_element(By.CSS_SELECTOR, "button[aria-label='Revoke tool:close']").send_keys(Keys.ENTER)
    assert chromium.find_element(By.XPATH, status.format("Revoked")).is_displayed()
    assert state.users[BOB].permissions == set()
    # A policy that forbids something of our own shows here.
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
