"""Which calls repeat an earlier one, and which end their run: `places` of the reference, in SQL."""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa

from jevons.analysis.purposes import MAIN_LINE
from jevons.stores.books import quote
from jevons.stores.deciding import Deciding

FAILED: Final = "(error IS NOT NULL OR coalesce(status, '') = 'error')"
"""Whether a call got no answer, over the columns of an event row."""

_LINE: Final = ", ".join(map(quote, sorted(MAIN_LINE)))


class Derivation:
    """The calls of some runs that a look at the run decides otherwise than their own row.

    It works in temporary tables of its session: `again` (calls that repeat), `ending` (calls that
    end a run) and `flags`. kept: the condition on rows of the runs in question.
    """

    def __init__(
        self, session: duckdb.DuckDBPyConnection, source: str, kept: str, deciding: Deciding
    ) -> None:
        self.session = session
        self.deciding = deciding
        taken = ""
        if session.execute(f"SELECT 1 FROM {source} WHERE sign < 0 LIMIT 1").fetchall():
            taken = (
                f"AND NOT EXISTS (SELECT 1 FROM {source} t WHERE t.sign < 0 AND t.part = 0 "
                "AND t.event_id = e.event_id AND t.version = e.version)"
            )
        self.live = (
            f"SELECT e.*, {FAILED} AS failed FROM {source} e "
            f"WHERE part = 0 AND sign > 0 AND run IS NOT NULL AND {kept} {taken}"
        )

    def exceptions(self) -> pa.Table:
        """(event_id, run, purpose, rule) of the calls that are decided otherwise, and of all
        retries."""
        rules = self.deciding.rules
        if not any(rule.repeats or rule.ends for rule in rules):
            flags = "SELECT NULL::BLOB AS event_id, true AS again, true AS at_end WHERE false"
        else:
            self._repeats()
            self._ends()
            flags = (
                "SELECT event_id, bool_or(again) AS again, bool_or(at_end) AS at_end FROM ("
                "SELECT event_id, true AS again, false AS at_end FROM again "
                "UNION ALL SELECT event_id, false, true FROM ending) GROUP BY event_id"
            )
        purpose, rule = self.deciding.named("number")
        alone = self.deciding.number()
        retries = ", ".join(self.deciding.places("retry")) or "-1"
        self.session.execute(f"CREATE TEMP TABLE flags AS {flags}")
        return self.session.sql(
            f"SELECT event_id, run, {purpose} AS purpose, {rule} AS rule FROM ("
            f"SELECT e.event_id, run, {self.deciding.number('f.again', 'f.at_end')} AS number, "
            f"{alone} AS alone FROM ({self.live}) e JOIN flags f ON e.event_id = f.event_id "
            f"UNION ALL SELECT event_id, run, {alone}, -1 FROM ({self.live}) e "
            f"WHERE {alone} IN ({retries}) AND event_id NOT IN (SELECT event_id FROM flags)"
            f") WHERE number <> alone OR number IN ({retries})"
        ).to_arrow_table()

    def _repeats(self) -> None:
        """Whole numbers first: the few prompts that occur twice at all, whatever their run."""
        self.session.execute(
            f"CREATE TEMP TABLE twice AS SELECT prompt_hash FROM ({self.live}) "
            "WHERE prompt_hash IS NOT NULL GROUP BY prompt_hash HAVING count(*) > 1"
        )
        self.session.execute(
            "CREATE TEMP TABLE again AS SELECT event_id FROM (SELECT event_id, "
            "row(time, event_id) AS place, min(CASE WHEN NOT failed THEN row(time, event_id) END) "
            f"OVER (PARTITION BY run, prompt_hash) AS first FROM ({self.live}) "
            "WHERE prompt_hash IN (SELECT prompt_hash FROM twice)) WHERE place > first"
        )

    def _ends(self) -> None:
        """The last place of the runs in which it decides anything."""
        create = self.session.execute
        chances = self.deciding.chances() or ["false"]
        create(
            f"CREATE TEMP TABLE undecided AS SELECT DISTINCT run FROM ({self.live}) e "
            f"WHERE {' OR '.join(chances)}"
        )
        create(
            "CREATE TEMP TABLE finish AS SELECT run, "
            "max({'time': time, 'event': event_id, 'step': step}) AS place "
            f"FROM ({self.live}) e WHERE run IN (SELECT run FROM undecided) AND NOT failed "
            f"AND {self.deciding.purpose()} IN ({_LINE}) "
            "AND event_id NOT IN (SELECT event_id FROM again) GROUP BY run"
        )
        create(
            "CREATE TEMP TABLE ending AS SELECT place.event AS event_id FROM finish UNION ALL "
            f"SELECT e.event_id FROM ({self.live}) e JOIN finish ON e.run = finish.run "
            "WHERE e.failed AND e.step = finish.place.step"
        )
