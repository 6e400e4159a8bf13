"""Print how many cases a long run tried: ``python -m tests.fuzz.report``."""

from __future__ import annotations

from collections import Counter

from .effort import COUNTS


def main() -> None:
    """Add up what each process counted."""
    counts: Counter[str] = Counter()
    for file in COUNTS.glob("*.tsv"):
        for line in file.read_text().splitlines():
            count, _, name = line.partition("\t")
            counts[name] += int(count)
    for name, count in counts.most_common():
        print(f"{count:>10,}  {name}")
    print(f"{counts.total():>10,}  cases in all")


if __name__ == "__main__":
    main()
