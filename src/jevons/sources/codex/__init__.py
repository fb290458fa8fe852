"""Codex CLI: rollouts of its sessions, and captures of `codex exec --json`.

| file | what it gives |
|---|---|
| `sessions/YYYY/MM/DD/rollout-*.jsonl`, `archived_sessions/` | one observation per response |
| the same as `.jsonl.zst` | likewise, read as a whole |
| captured `codex exec --json` | sums per turn without time or model: no observation |

How many roll-ups a file holds stands in its state as `roll_ups`.
"""

from __future__ import annotations

from jevons.sources.codex.source import SOURCE, CodexSource

__all__ = ["SOURCE", "CodexSource"]
