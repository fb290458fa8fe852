"""Claude Code: session logs, and captures of its standard output.

| file | what it gives |
|---|---|
| `projects/**/*.jsonl` | one observation per response, collapsed from its lines (`session`) |
| `claude --output-format stream-json` | one lower bound per response (`capture`) |
| `claude --output-format json`, statusline input | a roll-up of a session: no observation |
| `agent-<id>.meta.json` | says what a sub-agent is: no observation |

How many roll-ups a file holds stands in its state as `roll_ups`.
"""

from __future__ import annotations

from jevons.sources.claude_code.source import SOURCE, ClaudeCodeSource

__all__ = ["SOURCE", "ClaudeCodeSource"]
