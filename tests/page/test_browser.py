"""The page in a real browser: it looks as it should, loads nothing, and copies what it says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

from ..extension.conftest import Site
from ..issuer import Issuer
from ..local_tenant.chromium import chromium

pytestmark = pytest.mark.browser


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    """A running site; the URL that people open."""
    site = Site(issuer, MCP_SERVER_NAME="Order desk", MCP_INSTRUCTIONS="Look orders up.")
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    site.app.config["MCP_BASE_URL"] = base
    site.start()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"{base}/mcp"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(params=[420, 900])
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with chromium(tmp_path / "profile", width=request.param) as running:
        yield running


def test_people_find_their_client_and_copy_what_it_needs(browser: Any, url: str) -> None:
    browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    browser.get(url)
    assert browser.title == "Order desk · MCP server"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Order desk"
    code = browser.find_element(By.ID, "claude-code-1")
    assert code.is_displayed()
    assert code.text == f"claude mcp add --transport http Order-desk {url}"
    cursor = browser.find_element(By.ID, "cursor")
    assert not browser.find_element(By.ID, "cursor-1").is_displayed()
    cursor.find_element(By.TAG_NAME, "summary").click()
    assert browser.find_element(By.ID, "cursor-1").is_displayed()
    assert not code.is_displayed(), "one client at a time"
    assert cursor.find_element(By.LINK_TEXT, "Add to Cursor").get_attribute("href").startswith("cursor://")
    button = cursor.find_element(By.CSS_SELECTOR, "button[data-copy]")
    button.click()
    WebDriverWait(browser, 30).until(lambda _: button.text != "Copy")
    status = browser.find_element(By.ID, "status")
    assert (button.text, bool(status.get_attribute("textContent"))) == ("Copied", True)
    copied = browser.execute_script("return navigator.clipboard.readText()")
    assert copied == browser.find_element(By.ID, "cursor-1").get_attribute("textContent")


def test_nothing_is_wider_than_the_screen_and_the_style_applies(browser: Any, url: str) -> None:
    browser.get(url)
    for summary in browser.find_elements(By.TAG_NAME, "summary"):
        if summary.find_element(By.XPATH, "..").get_attribute("open") is None:
            summary.click()
        assert browser.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), summary.text
    style = browser.execute_script("return getComputedStyle(document.querySelector('.kicker')).textTransform")
    assert style == "uppercase"


def test_the_browser_asks_for_nothing_else_and_complains_of_nothing(browser: Any, url: str) -> None:
    browser.get(url)
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert browser.get_log("browser") == []
    assert cookies(browser) == []


CONTRASTS = """
const luminance = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((part) => {
  const value = part / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}).reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
const ground = (element) => {
  const colour = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
  return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
};
return [...document.querySelectorAll("main *")]
  .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .map((element) => {
    const [low, high] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => a - b);
    return [element.textContent.trim(), (high + 0.05) / (low + 0.05)];
  });
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Any, url: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(url)
    grounds = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (grounds == "rgb(21, 23, 27)") is (scheme == "dark")
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 20
    assert [text for text, contrast in contrasts if contrast < 4.5] == []


def cookies(browser: WebDriver) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get_cookies()
    return found


def test_a_server_on_this_machine_says_who_cannot_reach_it(browser: Any, url: str) -> None:
    browser.get(url)
    chatgpt = browser.find_element(By.ID, "chatgpt")
    chatgpt.find_element(By.TAG_NAME, "summary").click()
    assert "ChatGPT cannot reach it" in chatgpt.find_element(By.CLASS_NAME, "notice").text
    assert browser.find_element(By.ID, "claude-code").find_elements(By.CLASS_NAME, "notice") == []
