"""The 947 real usage bodies end to end: written as a `responses` file, imported, listed, compared.

The file is made from genai-prices' recorded bodies (MIT), which lie beside the checkout with the
price that genai-prices gives each. Every difference from that price is listed here with its reason.
"""

from __future__ import annotations

import gzip
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.interfaces.cli.program import run
from tests.unit.stores.sample import opened, table_rows

Event = dict[str, Any]

APIS = {
    "anthropic": "anthropic.messages",
    "converse": "bedrock.converse",
    "google": "gemini.generate_content",
    "responses": "openai.responses",
}
"""Shape of a body -> its dialect; the others are told by their flavour or inferred."""

VERTEX = "Vertex AI has its own price for gemini-2.0-flash"
LOOP = "the 1M context beta was retired: a sum above 200k is a tool loop's"
TURNS = "usage.iterations carries turns that the top level leaves out"
CACHED = "genai-prices does not read num_cached_tokens, Mistral's other name for cached tokens"
AUDIO = "gpt-4o-audio-preview has audio rates"
LISTED = "the catalogue names the model without a price, which is not zero"
WEEKEND = "2026-11-22 is a Sunday: DeepSeek's weekend is off-peak"
RETIRED = "the name was retired on 2026-07-24"
REFUSED = "genai-prices does not know the name; the model is in its list"

CORRECTIONS: dict[int, tuple[str, str | None]] = {
    # gemini-2.0-flash on Vertex AI: 0.15 text, image and video, 1.00 audio, 0.60 output per million
    66: (VERTEX, "0.00003495"),  # 9 x 0.15 + 56 x 0.6 = 34.95e-6
    75: (VERTEX, "0.00000675"),  # 13 x 0.15 + 8 x 0.6
    86: (VERTEX, "0.00381335"),  # (9 + 15340) x 0.15 + 1475 x 1 + 60 x 0.6
    97: (VERTEX, "0.00016275"),  # 9 x 0.15 + 150 x 1 + 19 x 0.6
    127: (VERTEX, "0.00027135"),  # (9 + 1560) x 0.15 + 60 x 0.6
    140: (VERTEX, "0.00000675"),  # 13 x 0.15 + 8 x 0.6
    161: (VERTEX, "0.00041895"),  # (9 + 2580) x 0.15 + 51 x 0.6
    # claude-sonnet-4-5: 494549 x 3 + 1245 x 15 per million, 5 searches at 0.01
    215: (LOOP, "1.552322"),
    # claude-sonnet-4-6: (100 + 180) x 3 + 55096 x 3.75 + (82 + 8) x 15
    211: (TURNS, "0.2088"),
    # claude-sonnet-5: 2417 x 2 + 133 x 10 (its own), claude-opus-4-8: 2529 x 5 + 38 x 25 (adviser)
    245: (TURNS, "0.019759"),
    # claude-sonnet-5: 2482 x 2 + 166 x 10, claude-fable-5: 2534 x 10 + 105 x 50
    250: (TURNS, "0.037214"),
    # mistral-medium-latest: 1.5 in, 0.15 cached, 7.5 out per million
    **dict.fromkeys((371, 380, 467, 701, 787, 790, 860, 887), (CACHED, "0.0000978")),  # 32, 32, 6
    372: (CACHED, "0.0010587"),  # 206 x 1.5 + 48 x 0.15 + 99 x 7.5
    381: (CACHED, "0.0025653"),  # 947 x 1.5 + 32 x 0.15 + 152 x 7.5
    386: (CACHED, "0.0011463"),  # 241 x 1.5 + 32 x 0.15 + 104 x 7.5
    750: (CACHED, "0.0010722"),  # 225 x 1.5 + 48 x 0.15 + 97 x 7.5
    791: (CACHED, "0.0013404"),  # 21 x 1.5 + 976 x 0.15 + 155 x 7.5
    861: (CACHED, "0.0026112"),  # 931 x 1.5 + 48 x 0.15 + 161 x 7.5
    947: (CACHED, "0.0003237"),  # 46 x 1.5 + 48 x 0.15 + 33 x 7.5
    # gpt-4o-audio-preview: 12 x 2.5 + 69 x 40 + 72 x 10; 20 x 2.5 + 44 x 40 + 9 x 10
    995: (AUDIO, "0.00351"),
    1046: (AUDIO, "0.0019"),
    1016: (LISTED, None),
    1017: (LISTED, None),
    # deepseek-v4-flash off-peak: 875 x 0.15 + 79 x 0.6; 896 x 0.003 + 80 x 0.15 + 61 x 0.6
    1280: (WEEKEND, "0.00017865"),
    1281: (WEEKEND, "0.000051288"),
    1282: (RETIRED, None),
    156: (REFUSED, "0.00159375"),  # models/gemini-2.5-pro: 123 x 1.25 + 144 x 10
    157: (REFUSED, "0.0018525"),  # 154 x 1.25 + 166 x 10
    970: (REFUSED, "0.000946"),  # openai.gpt-5.5 on Bedrock: 88 x 5.5 + 14 x 33
    971: (REFUSED, "0.0010945"),  # 115 x 5.5 + 14 x 33
    972: (REFUSED, "0.001342"),  # 142 x 5.5 + 17 x 33
    # openai.gpt-5.6-luna on Bedrock: 0.22 in, 0.275 cache write, 1.32 out per million
    975: (REFUSED, "0.00004257"),  # 2 x 0.22 + 86 x 0.275 + 14 x 1.32
    976: (REFUSED, "0.000045265"),  # 88 x 0.22 + 27 x 0.275 + 14 x 1.32
    977: (REFUSED, "0.000076285"),  # 115 x 0.22 + 27 x 0.275 + 33 x 1.32
    1570: (REFUSED, "0.000807"),  # claude-3-7-sonnet of an unnamed provider: 14 x 3 + 51 x 15
}
"""Body number -> why its list cost is not genai-prices', and what it is (None: unknown)."""

UNPRICED = {
    "the call names no model": 147,
    "no price for model": 10,
    "no provider is named": 1,
    "the price list names model": 2,
}
"""Beginning of the reason -> how many bodies have no price for it."""


@pytest.fixture(scope="module")
def records(shared_data: Path) -> dict[int, dict[str, Any]]:
    with gzip.open(shared_data / "pricing" / "usage_bodies.jsonl.gz", "rt") as lines:
        return {record["i"]: record for record in map(json.loads, lines)}


@pytest.fixture(scope="module")
def books(records: dict[int, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ledger that has read all bodies from a file."""
    place = tmp_path_factory.mktemp("bodies")
    with (place / "bodies.jsonl").open("w") as file:
        for number, record in records.items():
            body = {"model": record["model"], "usage": record["usage"]}
            line = {
                "provider": record["genai_provider"] or "unknown",
                "api": APIS.get(record["shape"], record["api_flavor"]),
                "request_model": record["model"],
                "time": "2026-11-22T12:00:00Z",
                "response": body,
                "tags": {"i": number},
            }
            file.write(json.dumps(line) + "\n")
    with opened(place / "home") as jevons:
        summary = jevons.import_paths([place / "bodies.jsonl"])
        assert (summary.observations, summary.new, summary.rejected) == (947, 947, 0)
        assert summary.files[0].source == "responses"
        yield jevons


@pytest.fixture(scope="module")
def events(books: Jevons) -> dict[int, Event]:
    """What `jevons events --json` prints, by body number."""
    found: list[Event] = [json.loads(msgspec.json.encode(event)) for event in books.events(Query())]
    assert len(found) == 947
    return {int(event["tags"]["i"]): event for event in found}


def same(amount: str | None, expected: str | None) -> bool:
    if amount is None or expected is None:
        return amount is expected
    return Decimal(amount) == Decimal(expected)


def test_every_body_is_one_event(
    records: dict[int, dict[str, Any]], events: dict[int, Event]
) -> None:
    assert events.keys() == records.keys()


def test_equal_to_genai_prices_to_the_last_digit_except_the_listed_corrections(
    records: dict[int, dict[str, Any]], events: dict[int, Event]
) -> None:
    different = {
        number: events[number]["list_cost"]
        for number, record in records.items()
        if not same(events[number]["list_cost"], record["genai_prices_usd"])
    }
    assert different.keys() == CORRECTIONS.keys()
    for number, amount in different.items():
        assert same(amount, CORRECTIONS[number][1]), (number, *CORRECTIONS[number])


def test_events_are_the_exact_sum_of_their_lines(events: dict[int, Event]) -> None:
    for number, event in events.items():
        for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
            lines = [line[name] for line in event["charges"] if line[name] is not None]
            assert Decimal(event[name] or 0) == sum(map(Decimal, lines), Decimal(0)), number


def test_the_report_is_the_exact_sum_of_the_events(books: Jevons, events: dict[int, Event]) -> None:
    total = books.report(Query()).total
    for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
        amounts = [Decimal(event[name]) for event in events.values() if event[name] is not None]
        assert getattr(total, name) == sum(amounts, Decimal(0))
    assert total.unknown_calls == sum(UNPRICED.values())
    assert books.verify().first_difference is None


def test_no_body_with_tokens_costs_nothing(events: dict[int, Event]) -> None:
    counted = 0
    for number, event in events.items():
        if event["input_tokens"] + event["output_tokens"]:
            counted += 1
            assert event["list_cost"] is None or Decimal(event["list_cost"]) > 0, number
            assert (event["list_cost"] is None) == (event["price_state"] == "unknown"), number
    assert counted > 900


def test_every_body_without_a_price_says_why(books: Jevons, events: dict[int, Event]) -> None:
    found: dict[str, int] = {}
    for event in events.values():
        if event["price_state"] == "unknown":
            (begun,) = [text for text in UNPRICED if event["why"].startswith(text)]
            found[begun] = found.get(begun, 0) + 1
            assert event["effective_cost"] is None
        else:
            assert "price entry" in event["why"]
    assert found == UNPRICED
    report = books.report(Query())
    assert report.unpriced_events == sum(UNPRICED.values())
    assert sum(number for _, number in report.reasons) >= sum(UNPRICED.values())


def test_six_bodies_with_iterations_are_exact(shared_data: Path, events: dict[int, Event]) -> None:
    lines = (shared_data / "pricing" / "anthropic_iterations.jsonl").read_text().splitlines()
    assert len(lines) == 6
    for record in map(json.loads, lines):
        event = events[record["i"]]
        assert same(event["list_cost"], record["correct_usd"]), record["i"]
        assert same(event["effective_cost"], record["correct_usd"]), record["i"]


OPENROUTER = {180: (r"byok: .*0\.0002265 USD", "0.0002265")}
"""Body -> the reason in `why` for which our billed cost is not the body's `cost`, and ours."""

FEES = {176: "plugin fee: 0.015885 USD", 177: "plugin fee: 0.002 USD", 1366: "our own price"}
"""Bodies whose billed cost is what was billed, but not our list price, and what says so."""


def test_openrouter_bodies_cost_what_was_billed_or_say_why_not(
    shared_data: Path, events: dict[int, Event]
) -> None:
    text = (shared_data / "pricing" / "billed_ground_truth_openrouter.jsonl").read_text()
    records = [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
    assert len(records) == 24
    apart = {}
    for record in records:
        event = events[record["i"]]
        if Decimal(event["billed_cost"]) != Decimal(record["usage"]["cost"]):
            pattern, amount = OPENROUTER[record["i"]]
            assert re.search(pattern, event["why"])
            assert same(event["billed_cost"], amount)
            apart[record["i"]] = event
        elif event["list_cost"] != event["billed_cost"]:
            assert FEES[record["i"]] in event["why"]
            assert event["charges"][-1]["unit"] == "adjustment"
    assert apart.keys() == OPENROUTER.keys()


def test_the_command_line_prints_the_same_events(
    books: Jevons, events: dict[int, Event], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--home", str(books.settings.home), "events", "--json"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for event in printed:
        ours = events[int(event["tags"]["i"])]
        names = ("list_cost", "effective_cost", "charges", "quantities", "why", "price_state")
        assert [event[name] for name in names] == [ours[name] for name in names]
    assert len(printed) == len(events)


CANARY = "CANARY-7f3a"


def bodies_with_text() -> list[dict[str, Any]]:
    """Responses as providers send them, with text in every place that can hold some."""
    said = f"{CANARY} says the answer"
    usage = {"input_tokens": 10, "output_tokens": 5}
    chat = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    anthropic = {
        "id": "msg_" + "c" * 20, "type": "message", "model": "claude-opus-4-8", "usage": usage,
        "content": [{"type": "text", "text": said}, {"type": "tool_use", "input": {"q": said}}],
        "stop_sequence": said,
    }  # fmt: skip
    openai = {
        "id": "chatcmpl-" + "d" * 20, "model": "gpt-5", "usage": chat,
        "choices": [{"message": {"role": "assistant", "content": said, "refusal": said}}],
    }  # fmt: skip
    gemini = {
        "responseId": "e" * 24, "modelVersion": "gemini-2.5-pro",
        "candidates": [{"content": {"parts": [{"text": said, "thought": True}]}}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5,
                          "totalTokenCount": 15, "note": said * 20},
    }  # fmt: skip
    failed = {"id": "resp_" + "f" * 20, "model": "gpt-5", "error": {"message": said, "type": "api"}}
    named = {"model": "gpt-5", "usage": {**chat, "remark": said * 9, "notes": [said * 9]}}
    broken = {"id": said * 30, "model": "gpt-5", "usage": {"prompt_tokens": said * 9}}
    time = "2026-11-22T12:00:00Z"
    given = [("anthropic", anthropic), ("openai", openai), ("google", gemini), ("openai", failed)]
    lines: list[dict[str, Any]] = [
        {"provider": provider, "time": time, "response": body} for provider, body in given
    ]
    lines += [
        {"provider": "openai", "time": said, "response": {"model": "gpt-5", "output_text": said}},
        {"provider": "openai", "time": time, "response": said},
        {"provider": "openai", "time": time, "response": broken},
        {"provider": "openai", "time": time, "response": named},
        {"provider": "anthropic", "time": time, "response": anthropic, "prompt": said,
         "messages": [{"content": said}], "tags": {"summary": said * 20}},
    ]  # fmt: skip
    return lines


AROUND: dict[str, dict[str, Any]] = {
    "status": {"status": {"said": f"{CANARY} says the answer"}},
    "error": {"error": f"the prompt is too long: {CANARY} " + "asks and asks " * 40},
    "step": {"step": f"{CANARY}\n" + "says and says " * 40},
}
"""Fields of a line around the response that may hold text where a name is expected."""


def test_no_text_of_a_prompt_or_an_answer_is_stored(tmp_path: Path) -> None:
    text = "".join(json.dumps(line) + "\n" for line in bodies_with_text())
    text += f'{{"provider": "openai", "response": "{CANARY}\n'
    observations, rejected = search(tmp_path, text)
    assert observations >= 5
    assert rejected >= 3


@pytest.mark.parametrize("name", AROUND)
def test_no_text_where_a_name_is_expected_is_stored(name: str, tmp_path: Path) -> None:
    line = {**bodies_with_text()[1], **AROUND[name]}
    assert sum(search(tmp_path, json.dumps(line) + "\n")) == 1


def search(tmp_path: Path, text: str) -> tuple[int, int]:
    """Import lines; search every byte of the home, and every row of every table, unpacked."""
    file, home = tmp_path / "said.jsonl", tmp_path / "home"
    file.write_text(text)
    with opened(home) as jevons:
        summary = jevons.import_paths([file], "responses")
        searched = 0
        for name in jevons.store.books.tables:
            rows = table_rows(jevons, name)
            searched += len(rows)
            assert not [row for row in rows if CANARY in row], name
        assert searched >= summary.observations
        shown = json.dumps([*jevons.events(Query())], default=str)
        assert CANARY not in shown + repr(list(jevons.rejections()))
        for path in home.rglob("*"):
            if path.is_file():
                assert CANARY.encode() not in path.read_bytes(), path
        return summary.observations, summary.rejected
