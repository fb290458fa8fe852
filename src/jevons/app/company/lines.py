"""Events as lines of `jevons.event/v1`: constant text per kind of call, numbers and ids per
event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from jevons.app.company.catalogue import API, MODELS
from jevons.app.company.dice import I64, U64, draw, share, words
from jevons.app.company.forms import Form, form, form_keys
from jevons.app.company.jobs import JOBS
from jevons.app.company.plan import TEAMS
from jevons.app.company.tokens import Usage
from jevons.app.company.work import HELPER, Events, Tasks

# Purposes of draws: distinct from those of the other modules.
_RESPONSE, _REQUEST, _RUN, _AGENT, _WHO, _BLOCKS = 31, 32, 83, 34, 35, 37

_BASE58: Final = np.frombuffer(
    (b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" * 5)[:256], dtype=np.uint8
)
_HEX: Final = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), dtype="<u2")
CHUNK: Final = 8_192
"""Events per chunk of lines."""
_STEPS: Final = [
    (f',"step":"s{step}"' if step else "") + (f',"attempt":{attempt}' if attempt > 1 else "")
    for step in range(128)
    for attempt in range(8)
]


def base58(seed: int, purpose: int, counter: U64, length: int) -> list[str]:
    """`length` random characters (at most 24) in base 58 for every counter."""
    text = _BASE58[words(seed, purpose, counter, 3).view(np.uint8)].tobytes().decode("ascii")
    return [text[start : start + length] for start in range(0, len(text), 24)]


def hexadecimal(seed: int, purpose: int, counter: U64, count: int) -> list[str]:
    """16 x `count` random hexadecimal digits for every counter."""
    text = _HEX[words(seed, purpose, counter, count).view(np.uint8)].tobytes().decode("ascii")
    return [text[start : start + 16 * count] for start in range(0, len(text), 16 * count)]


def lines_of(
    seed: int, tasks: Tasks, events: Events, usage: Usage, staff: list[tuple[int, int]]
) -> Iterator[bytes]:
    """The events as JSON lines in order of time, in chunks of some megabytes."""
    runs, helpers = _runs(seed, tasks, staff)
    keys = form_keys(seed, tasks, events, usage)
    counter = events.counter
    order = np.argsort(usage.time, kind="stable")
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        yield _chunk(Rows(seed, events, usage, counter, rows, keys[rows]), runs, helpers)


@dataclass(slots=True)
class Rows:
    """The events of one chunk: their rows in order of time, and the form keys of these."""

    seed: int
    events: Events
    usage: Usage
    counter: U64
    rows: I64
    keys: I64


def task_names(seed: int, tasks: Tasks) -> tuple[list[str], list[str]]:
    """The id of every task, and of its main run (which is its session too)."""
    number = tasks.day * 1_000_000 + (tasks.counter & np.uint64(0xFFFFFFFF)).astype(np.int64)
    pairs = zip(tasks.team.tolist(), number.tolist(), strict=True)
    names = [f"{TEAMS[team].prefix}-{n}" for team, n in pairs]
    return names, hexadecimal(seed, _RUN, tasks.counter, 2)


def _runs(seed: int, tasks: Tasks, staff: list[tuple[int, int]]) -> tuple[list[str], list[str]]:
    """For every task the attribution text of its main run and of its sub-agent's run."""
    first = np.array([number for number, _ in staff], dtype=np.int64)[tasks.team]
    size = np.array([count for _, count in staff], dtype=np.int64)[tasks.team]
    who = draw(seed, _WHO, tasks.counter)
    # The smaller of two draws: some people do much more of it than others.
    person = first + ((np.minimum(share(who, 0), share(who, 1)) * size) >> 16)
    customer = 1 + (share(who, 2) * share(who, 3) >> 23)
    names, run = task_names(seed, tasks)
    agent = hexadecimal(seed, _AGENT, tasks.counter, 1)
    mains, helpers = [], []
    for job, p, c, name, root, sub, spawn in zip(
        tasks.job.tolist(), person.tolist(), customer.tolist(), names, run, agent,
        tasks.spawn.tolist(), strict=True,
    ):  # fmt: skip
        rule = JOBS[job]
        text = f',"person":"p{p:03d}@example.com"' if rule.person else ""
        if rule.customer:
            text += f',"customer":"c{c:04d}"'
        text += f',"task":"{name}","session":"{root}","run":"{root}'
        mains.append(text + '"')
        helpers.append(f'{text}/{sub}","parent_run":"{root}","parent_step":"s{spawn}"')
    return mains, helpers


def _chunk(chunk: Rows, runs: list[str], helpers: list[str]) -> bytes:
    events, rows = chunk.events, chunk.rows
    forms = list(map(form, chunk.keys.tolist()))
    who = [
        helpers[task] if role == HELPER else runs[task]
        for task, role in zip(events.task[rows].tolist(), events.role[rows].tolist(), strict=True)
    ]
    return "".join(
        [
            f'{f.head}{time},"latency_ms":{latency}{run}{_STEPS[step]}{tail}'
            for f, time, latency, run, step, tail in zip(
                forms,
                chunk.usage.time[rows].tolist(),
                chunk.usage.latency[rows].tolist(),
                who,
                (events.step[rows] * 8 + events.attempt[rows]).tolist(),
                _tails(chunk, forms),
                strict=True,
            )
        ]
    ).encode("ascii")


def _tails(chunk: Rows, heads: list[Form]) -> list[str]:
    """The rest of every line: ids, block hashes and usage, in the form of its provider."""
    model = chunk.usage.model[chunk.rows]
    dialect = _DIALECT_OF[model]
    dialect = np.where(chunk.events.failed[chunk.rows], len(_WRITERS), dialect)
    tails = [""] * len(heads)
    for number, write in enumerate((*_WRITERS, _failed)):
        mine = np.nonzero(dialect == number)[0]
        if len(mine):
            places = mine.tolist()
            written = write(chunk, chunk.rows[mine], [heads[place] for place in places])
            for place, text in zip(places, written, strict=True):
                tails[place] = text
    return tails


def _blocks(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    """Prompt block hashes: the constant prefix and the state of the run, which a retry repeats."""
    if not any(f.blocks for f in heads):
        return [""] * len(heads)
    state = hexadecimal(chunk.seed, _BLOCKS, chunk.events.call[rows], 1)
    return [f'{f.blocks}{h}"]' if f.blocks else "" for f, h in zip(heads, state, strict=True)]


def _numbers(chunk: Rows, rows: I64, *names: str) -> list[list[int]]:
    return [getattr(chunk.usage, name)[rows].tolist() for name in names]


def _anthropic(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    counter = chunk.counter[rows]
    columns = _numbers(chunk, rows, "fresh", "read", "write", "hour", "answer", "searches")
    return [
        f',"response_id":"msg_01{response}"{f.request}{request}"{blocks},"usage":{{'
        f'"input_tokens":{fresh},"cache_creation_input_tokens":{write + hour},'
        f'"cache_read_input_tokens":{read},"cache_creation":{{"ephemeral_5m_input_tokens":{write},'
        f'"ephemeral_1h_input_tokens":{hour}}},"output_tokens":{answer},'
        + (f'"server_tool_use":{{"web_search_requests":{searches}}},' if searches else "")
        + '"service_tier":"standard"}}\n'
        for f, response, request, blocks, fresh, read, write, hour, answer, searches in zip(
            heads,
            base58(chunk.seed, _RESPONSE, counter, 22),
            base58(chunk.seed, _REQUEST, counter, 20),
            _blocks(chunk, rows, heads),
            *columns,
            strict=True,
        )
    ]


def _responses(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    columns = _numbers(chunk, rows, "fresh", "read", "answer", "reasoning")
    return [
        f',"response_id":"resp_0{response}"{blocks},"usage":{{"input_tokens":{fresh + read},'
        f'"input_tokens_details":{{"cached_tokens":{read}}},"output_tokens":{answer + thought},'
        f'"output_tokens_details":{{"reasoning_tokens":{thought}}},'
        f'"total_tokens":{fresh + read + answer + thought}}}}}\n'
        for response, blocks, fresh, read, answer, thought in zip(
            hexadecimal(chunk.seed, _RESPONSE, chunk.counter[rows], 3),
            _blocks(chunk, rows, heads),
            *columns,
            strict=True,
        )
    ]


def _chat(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    columns = _numbers(chunk, rows, "fresh", "read", "answer", "reasoning")
    return [
        f',"response_id":"chatcmpl-D{response}"{blocks},"usage":{{"prompt_tokens":{fresh + read},'
        f'"completion_tokens":{answer + thought},"total_tokens":{fresh + read + answer + thought},'
        f'"prompt_tokens_details":{{"cached_tokens":{read}}},'
        f'"completion_tokens_details":{{"reasoning_tokens":{thought}}}}}}}\n'
        for response, blocks, fresh, read, answer, thought in zip(
            base58(chunk.seed, _RESPONSE, chunk.counter[rows], 24),
            _blocks(chunk, rows, heads),
            *columns,
            strict=True,
        )
    ]


def _gemini(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    columns = _numbers(chunk, rows, "fresh", "read", "answer", "reasoning")
    return [
        f',"response_id":"{response}"{blocks},"usage":{{"promptTokenCount":{fresh + read},'
        + (f'"cachedContentTokenCount":{read},' if read else "")
        + f'"candidatesTokenCount":{answer},'
        + (f'"thoughtsTokenCount":{thought},' if thought else "")
        + f'"totalTokenCount":{fresh + read + answer + thought}}}}}\n'
        for response, blocks, fresh, read, answer, thought in zip(
            base58(chunk.seed, _RESPONSE, chunk.counter[rows], 24),
            _blocks(chunk, rows, heads),
            *columns,
            strict=True,
        )
    ]


def _embeddings(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    request = hexadecimal(chunk.seed, _REQUEST, chunk.counter[rows], 2)
    (tokens,) = _numbers(chunk, rows, "fresh")
    return [
        f'{f.request}{r}","usage":{{"prompt_tokens":{n},"total_tokens":{n}}}}}\n'
        for f, r, n in zip(heads, request, tokens, strict=True)
    ]


def _failed(chunk: Rows, rows: I64, heads: list[Form]) -> list[str]:
    request = hexadecimal(chunk.seed, _REQUEST, chunk.counter[rows], 2)
    blocks = _blocks(chunk, rows, heads)
    return [f'{f.request}{r}"{b}}}\n' for f, r, b in zip(heads, request, blocks, strict=True)]


_WRITERS: Final[tuple[Callable[[Rows, I64, list[Form]], list[str]], ...]] = (
    _anthropic, _responses, _chat, _gemini, _embeddings,
)  # fmt: skip
_DIALECT_OF: Final = np.array([list(API).index(m.dialect) for m in MODELS], dtype=np.int64)
