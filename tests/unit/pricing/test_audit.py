from __future__ import annotations

from dataclasses import replace

from jevons.pricing.audit import audit
from jevons.pricing.book import PriceBook
from tests.unit.pricing.shipped import book_of, shipped_book

ENTRY = """
provider: openai
models: [gpt-4o]
valid_from: {}
valid_to: {}
per_million: {{input: {}}}
source: https://example.com
"""


def kinds(*entries: str) -> list[str]:
    return [finding.kind for finding in audit(book_of(*entries))]


def test_the_shipped_book_has_nothing_to_settle() -> None:
    assert audit(shipped_book()) == []


def test_what_is_entered_twice() -> None:
    entry = ENTRY.format("2026-01-01", "2026-02-01", 1)
    assert kinds(entry, entry) == ["duplicate"]


def test_periods() -> None:
    first = ENTRY.format("2026-01-01", "2026-02-01", 1)
    assert kinds(first, ENTRY.format("2026-02-01", "2026-03-01", 2)) == []
    assert kinds(first, ENTRY.format("2026-01-01", "2026-03-01", 2)) == ["contradiction"]
    assert kinds(first, ENTRY.format("2026-01-15", "2026-03-01", 2)) == ["overlap"]
    assert kinds(first, ENTRY.format("2026-02-15", "2026-03-01", 2)) == ["gap"]


def test_a_gap_names_its_period_and_is_no_error() -> None:
    book = book_of(
        ENTRY.format("2026-01-01", "2026-02-01", 1), ENTRY.format("2026-02-15", "2026-03-01", 2)
    )
    (finding,) = audit(book)
    assert "2026-02-01 to 2026-02-15" in finding.message
    assert not finding.wrong and len(finding.entries) == 2


def test_a_price_without_a_source_and_a_name_that_no_model_bears() -> None:
    hearsay = ENTRY.format("2026-01-01", "2026-02-01", 1).replace("https://example.com", "a friend")
    assert kinds(hearsay) == []
    nameless = replace(book_of(hearsay).entries[0], source=" ")
    assert [f.kind for f in audit(PriceBook(book_of(hearsay).catalogue, [nameless]))] == [
        "unsourced"
    ]
    pattern = "provider: openai\nmodels: ['gtp-*']\nmultiplier: 2\nsource: https://example.com"
    assert kinds(pattern) == ["unmatched"]
    new_model = ENTRY.format("2026-01-01", "2026-02-01", 1).replace("gpt-4o", "gpt-99")
    assert kinds(new_model) == []
    contract = "provider: acme\nmodels: ['*']\ncontract: C\ndiscount: 5%\nsource: contract 1"
    assert kinds(contract) == []
