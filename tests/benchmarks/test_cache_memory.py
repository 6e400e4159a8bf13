"""What a user takes in the shared cache: measured on a real server."""

from __future__ import annotations

from benchmarks.cache_memory import bytes_of_a_user


def test_each_permission_adds_about_the_length_of_its_name() -> None:
    one, many = (bytes_of_a_user(200, permissions) for permissions in (1, 101))
    name = len('"tool:monthly_report_10",')
    # An allocator rounds up.
    assert 0.9 * name <= (many - one) / 100 <= 1.4 * name
    # A key of some 80 characters, a value of some 100, and what the server needs to find them and to end them.
    assert 150 < one < 700
