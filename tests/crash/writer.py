"""A process that writes to a ledger until it is killed, and says what was acknowledged.

usage: python writer.py HOME MODE SEED. Prints `ack FIRST COUNT` after each acknowledged batch.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import open_jevons
from jevons.vocabulary.observation import Observation

SIZE = 40
DOUBLE = """\
schema: jevons.prices/v1
recorded_at: 2026-11-22
date_checked: 2026-11-22
entries:
  - provider: anthropic
    models: [claude-opus-4-8*]
    multiplier: "2"
    source: an invented doubling, for this test
"""


def observation(number: int) -> Observation:
    """Call `number`: its tokens are its number, so that a doubled or lost call shows in the sum."""
    return Observation(
        provider="anthropic",
        api="anthropic.messages",
        time=1_790_000_000_000_000 + number * 977_000_000,
        request_model="claude-opus-4-8",
        response_id=f"msg_{number:030d}",
        usage={"input_tokens": number, "output_tokens": 1},
        team=f"team-{number % 5}",
        run=f"run-{number // 7}",
    )


def write(jevons: Jevons, mode: str, first: int) -> None:
    """One acknowledged batch in the given mode."""
    batch = [observation(n) for n in range(first, first + SIZE)]
    store = jevons.store
    if mode == "inbox":
        store.acknowledge(batch)
    else:
        # The previous batch is sent again, as a client does whose acknowledgement got lost.
        again = [observation(n) for n in range(max(1, first - SIZE), first)]
        store.seal([*again, *batch])
    print(f"ack {first} {SIZE}", flush=True)
    if mode == "inbox" and (first // SIZE) % 3 == 2:
        store.seal_inbox()
    elif mode == "compact" and (first // SIZE) % 2:
        store.compact(force=True)
    elif mode == "reprice":
        flip(jevons, first)
        jevons.reprice(Query())


def flip(jevons: Jevons, first: int) -> None:
    """Double the price of the model, or restore it, as a price book does that learns better."""
    place = jevons.settings.home / "prices" / "double.yaml"
    place.parent.mkdir(exist_ok=True)
    if (first // SIZE) % 2:
        place.write_text(DOUBLE)
    else:
        place.unlink(missing_ok=True)
    jevons._keeper._book = None


def main() -> None:
    """Write until killed."""
    home, mode, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with open_jevons(Settings(home=home)) as jevons:
        while True:
            write(jevons, mode, first)
            first += SIZE


if __name__ == "__main__":
    main()
