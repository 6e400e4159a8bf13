"""The headings are what people see, every entry names the check that finds it, and nothing is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from flask_mcp_auth0.tenant.doctor import CHECKS

from .reading import constants, nodes, rows, text


def test_every_check_of_the_doctor_is_in_the_troubleshooting_page_and_none_else() -> None:
    page = text("troubleshooting.md")
    listed = {
        cells[0]: cells[1] for cells in rows("troubleshooting.md") if re.fullmatch(r"[A-Z]\d+", cells[0])
    }
    assert listed == {check.id: check.title for check in CHECKS}
    named = {
        one
        for line in re.findall(r"\*Checks?\.\*([^\n]*)", page)
        for one in re.findall(r"\b[A-Z]\d+\b", line)
    }
    assert named <= set(listed)


def warnings() -> Iterator[str]:
    """Yield what the log says where something is wrong, each up to what is filled in."""
    for _, node in nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("warning", "error", "exception")
            and getattr(node.func.value, "id", "") in ("log", "logger")
        ):
            said = ast.literal_eval(node.args[0])
            parts = [part.strip(" .,:;()") for part in re.split(r"%[a-z]", said)]
            yield parts[0] if len(parts[0]) > len("failed") else max(parts, key=len)


def test_what_the_log_warns_of_is_in_the_troubleshooting_page() -> None:
    said = {words for words in warnings() if len(words) > len("failed")}
    page = " ".join(text("troubleshooting.md").split())
    assert len(said) > 12
    # A long message may be cut on the page, not within its first words.
    assert [words for words in said if " ".join(words.split()[:4]) not in page] == []


def entries() -> dict[str, str]:
    """Return the sections of the troubleshooting page by their headings."""
    found = re.split(
        r"^### (.*)$", text("troubleshooting.md").partition("## The doctor's")[0], flags=re.MULTILINE
    )
    return dict(zip(found[1::2], found[2::2], strict=True))


def checks(entry: str) -> set[str]:
    """Return the doctor's checks that an entry names."""
    named = re.search(r"\*Checks?\.\*([^\n]*)", entry)
    assert named is not None, entry
    return set(re.findall(r"\b[A-Z]\d+\b", named[1]))


def test_every_entry_names_its_checks_or_says_that_there_is_none() -> None:
    assert len(entries()) > 40
    for heading, entry in entries().items():
        assert checks(entry) or re.search(r"\*Check\.\* none", entry), heading


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("unauthorized", "S2"),
        ("token_expired", "A5"),
        ("invalid_token", "D1"),
        ("InsufficientScopeError", "A10"),
        ("Service not found", "A1"),
        ("OAuth init failed", "T1"),
        ("OAuth init failed", "T3"),
        ("Access denied", "C1"),
        ("Access denied", "T4"),
        ("Session not initialized", "S2"),
        ("You don't have permission to use the 'NAME' tool", "A10"),
        ("Permission check failed", "M1"),
    ],
)
def test_what_people_look_for_is_found_with_the_check_that_finds_it(message: str, check: str) -> None:
    found = [entry for heading, entry in entries().items() if message in heading]
    found += [entry for entry in entries().values() if message in entry.partition("*C")[0]]
    assert found, "no entry"
    assert check in checks(found[0])


def headings_of_ours() -> list[str]:
    """Return the headings that are messages of this package: all but those of clients that log in."""
    page = text("troubleshooting.md").partition("## The doctor's")[0]
    return re.findall(r"^### (.*)$", page[page.index("## Answers of the server: 401") :], re.MULTILINE)


def test_a_heading_is_a_message_that_the_code_says() -> None:
    said = constants(".")
    headings = headings_of_ours()
    assert len(headings) > 35
    for heading in headings:
        # Not what is filled in: an ellipsis, a name in capitals, and what these headings give as an example.
        for part in re.split(r"…|'NAME'|\btool\b|\bread$|\belicitation$|^get_\w+\(\)", heading):
            words = part.strip(" ,")
            assert any(words in one for one in said), heading
