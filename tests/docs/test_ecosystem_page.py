"""The page on the ecosystem names, for each thing that is expected, a page and a test that exist."""

from __future__ import annotations

import re

from .reading import missing_tests, text

PAGE = "explanation/ecosystem.md"
ROWS = [
    line.strip("|").split(" | ") for line in text(PAGE).splitlines() if re.match(r"\| (?!expected)\S", line)
]


def test_everything_that_is_expected_has_a_page_and_a_test() -> None:
    assert len(ROWS) > 25
    for expected, described, shown in ROWS:
        assert re.search(r"\]\([^)]+\.md(#[\w-]+)?\)", described), expected
        assert re.search(r"`\w+/\w+\.py", shown), expected


def test_the_tests_of_the_page_exist() -> None:
    assert missing_tests(PAGE) == []


def test_what_people_put_beside_it_is_on_the_page() -> None:
    everything = text(PAGE)
    for name in (
        "App factories",
        "Blueprints",
        "error handlers",
        "teardown",
        "flask run --debug",
        "python-dotenv",
        "Flask-Caching",
        "Flask-Limiter",
        "Flask-Login",
        "Flask-SQLAlchemy",
        "Type checkers",
        "pytest",
        "gunicorn",
        "gevent",
        "nginx",
        "Docker",
        "OpenTelemetry",
        "MCP Inspector",
        "Claude, ChatGPT, Cursor, VS Code",
    ):
        assert name in everything, name
