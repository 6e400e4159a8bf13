"""A person at a browser: follows the login page's links and fills in its forms, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

#: More pages than that between "log in" and the way back to the client mean going in circles.
MAX_PAGES = 10


class LoginFailed(Exception):
    """The pages did not lead back to the client with a code."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account in the tenant."""

    username: str
    password: str = field(repr=False)

    @property
    def name(self) -> str:
        """The name to speak of them by."""
        return self.username.capitalize()


@dataclass
class Form:
    """The first form of a page."""

    action: str
    method: str
    fields: dict[str, str]
    texts: list[str]
    passwords: list[str]
    buttons: list[tuple[str, str]]


def log_in(
    authorization_url: str, redirect_uri: str, person: Person, saw: Callable[[str, str], None]
) -> dict[str, str]:
    """Go through the pages from ``authorization_url`` until they lead to ``redirect_uri``.

    :param saw: told what happened: the page asked for, and what was done there.
    :return: the parameters that the tenant sends the client by way of the browser (RFC 6749 §4.1.2).
    :raises LoginFailed: if the pages lead nowhere, or back with an error.
    """
    with requests.Session() as browser:
        answer = browser.get(authorization_url, allow_redirects=False, timeout=10)
        for _ in range(MAX_PAGES):
            here = urlsplit(answer.request.url or "").path
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                if target.startswith(redirect_uri):
                    return _parameters(target)
                answer = browser.get(target, allow_redirects=False, timeout=10)
                continue
            form = _first_form(answer.text)
            if answer.status_code >= 400 or form is None:
                raise LoginFailed(f"{here} answered {answer.status_code} and no form to go on with")
            saw(f"GET {here}", _fill_in(form, person))
            url = urljoin(answer.url, form.action)
            answer = browser.request(form.method, url, data=form.fields, allow_redirects=False, timeout=10)
    raise LoginFailed(f"no way back to the client after {MAX_PAGES} pages")


def _parameters(url: str) -> dict[str, str]:
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if "error" in parameters:
        raise LoginFailed(f"{parameters['error']}: {parameters.get('error_description', '')}")
    return parameters


def _fill_in(form: Form, person: Person) -> str:
    """Fill the form in as the person would; return what they did."""
    if form.passwords:
        form.fields |= dict.fromkeys(form.texts, person.username)
        form.fields |= dict.fromkeys(form.passwords, person.password)
        done = f"{person.name} types a name and a password"
    else:
        done = f"{person.name} accepts that the client acts in their name"
    if form.buttons:
        name, value = next((one for one in form.buttons if one[1] == "accept"), form.buttons[0])
        form.fields[name] = value
    return done


def _first_form(html: str) -> Form | None:
    parser = _FormParser()
    parser.feed(html)
    return parser.form


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = Form(given.get("action", ""), given.get("method", "get").upper(), {}, [], [], [])
            self._inside = True
        elif self._inside and self.form is not None and tag in ("input", "button") and "name" in given:
            kind = given.get("type", "text" if tag == "input" else "submit")
            self._add(self.form, kind, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    @staticmethod
    def _add(form: Form, kind: str, given: dict[str, str]) -> None:
        name = given["name"]
        if kind == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif kind == "password":
            form.passwords.append(name)
        elif kind in ("text", "email"):
            form.texts.append(name)
        elif kind not in ("checkbox", "radio") or "checked" in given:
            form.fields[name] = given.get("value", "on" if kind in ("checkbox", "radio") else "")
