"""Writing a first mapping from a table's header: known exports by name, others by common
headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jevons.sources.csv_table.cells import NOTHING
from jevons.sources.csv_table.notation import NUMBER, number_format

PROVIDERS: Final = {
    "*claude*": "anthropic", "*gpt*": "openai", "o[134]*": "openai", "*gemini*": "google",
    "*grok*": "x-ai", "*deepseek*": "deepseek", "*mistral*": "mistral", "*codestral*": "mistral",
}  # fmt: skip
"""Model name pattern -> provider, where a table names the model only."""


@dataclass(frozen=True, slots=True)
class Export:
    """One known export. needs: headers (normalised) that tell it. notes: comment lines for the
    reader."""

    name: str
    needs: frozenset[str]
    mapping: dict[str, Any]
    notes: tuple[str, ...] = field(default=())


def _column(name: str, **more: Any) -> dict[str, Any]:
    return {"column": name, **more}


EXPORTS: Final[tuple[Export, ...]] = (
    Export(
        "Cursor, usage events of the dashboard",
        frozenset({"date", "model", "inputwcachewrite", "inputwocachewrite", "cacheread"}),
        {
            "empty": ["Included", "Free", "NaN"],
            "time": {"column": "Date", "format": "iso", "zone": "UTC"},
            "constants": {"host": "cursor", "harness": "cursor", "evidence": "provider"},
            "fields": {
                "provider": _column("Model", values=PROVIDERS, default="cursor"),
                "request_model": "Model", "person": "User",
            },
            "usage": {
                "counting": "exclusive", "input_tokens": "Input (w/o Cache Write)",
                "cache_write_input_tokens": "Input (w/ Cache Write)",
                "cache_read_input_tokens": "Cache Read", "output_tokens": "Output Tokens",
            },
            "cost": _column("Cost", by="provider"),
            "tags": {"cursor.kind": "Kind", "cursor.max_mode": "Max Mode"},
        },
        ("The two input columns do not overlap: Total Tokens is the sum of all four.",
         "Cost 'Included' or 'Free' says nothing of an amount; such calls get our list price."),
    ),
    Export(
        "LiteLLM, table LiteLLM_SpendLogs",
        frozenset({"requestid", "calltype", "spend", "prompttokens", "completiontokens"}),
        {
            "time": {"column": "startTime", "format": "iso", "zone": "UTC"},
            "skip": {"cache_hit": ["True", "true"]},
            "constants": {"evidence": "span"},
            "fields": {
                "provider": _column("custom_llm_provider", default="unknown"),
                "response_id": "request_id", "request_model": "model", "status": "status",
                "latency_ms": "request_duration_ms", "team": "team_id", "person": "user",
                "organisation": "organization_id", "customer": "end_user", "key": "api_key",
                "session": "session_id", "agent": "agent_id",
            },
            "usage": {
                "counting": "inclusive", "input_tokens": "prompt_tokens",
                "output_tokens": "completion_tokens",
                "cache_read_input_tokens": _column(
                    "metadata", path="usage_object.prompt_tokens_details.cached_tokens"),
                "cache_write_input_tokens": _column(
                    "metadata", path="usage_object.cache_creation_input_tokens"),
                "reasoning_output_tokens": _column(
                    "metadata", path="usage_object.completion_tokens_details.reasoning_tokens"),
            },
            "cost": _column("spend", by="client"),
            "tags": {"litellm.model_group": "model_group", "litellm.call_type": "call_type"},
        },
        ("prompt_tokens contain cached tokens for every provider, Anthropic too.",
         "Rows answered from LiteLLM's own cache reached no provider and are skipped."),
    ),
    Export(
        "Portkey, log export",
        frozenset({"aiorg", "aimodel", "requnits", "resunits"}),
        {
            "time": {"column": "created_at", "format": "iso", "zone": "UTC"},
            "constants": {"evidence": "span"},
            "fields": {
                "provider": "ai_org", "request_model": "ai_model", "status": "response_status_code",
                "latency_ms": "response_time", "session": "trace_id",
                "person": _column("metadata", path="_user"),
            },
            "usage": {
                "counting": "inclusive", "input_tokens": "req_units", "output_tokens": "res_units",
            },
            "cost": _column("cost", unit="cents", by="client"),
            "identity": ["id"],
        },
        ("cost is in cents in Portkey's exports: compare one row with the log view.",
         "The export has no cache counts: cached input is priced as fresh."),
    ),
    Export(
        "Helicone, request export",
        frozenset({"requestid", "requestcreatedat", "prompttokens", "completiontokens"}),
        {
            "time": {"column": "request_created_at", "format": "iso", "zone": "UTC"},
            "constants": {"evidence": "span"},
            "fields": {
                "provider": _column("provider", values={
                    "OPENAI": "openai", "ANTHROPIC": "anthropic", "GOOGLE": "google",
                    "AZURE": "azure", "AWS": "aws",
                }),
                "request_model": "request_model", "response_model": "response_model",
                "status": "response_status", "latency_ms": "delay_ms", "person": "request_user_id",
            },
            "usage": {
                "counting": "inclusive", "input_tokens": "prompt_tokens",
                "output_tokens": "completion_tokens",
                "cache_read_input_tokens": "prompt_cache_read_tokens",
                "cache_write_input_tokens": "prompt_cache_write_tokens",
                "reasoning_output_tokens": "reasoning_tokens",
            },
            "cost": _column("cost_usd", by="client"),
            "identity": ["request_id"],
        },
        ("Check usage.counting: for Anthropic calls cached tokens may lie beside prompt_tokens",
         "(then: cache_outside). request_id is Helicone's own id, not the provider's."),
    ),
)  # fmt: skip

TOTAL_HEADERS: Final = frozenset(
    {
        "nummodelrequests", "numrequests", "nrequests", "requestcount", "requests", "apirequests",
        "ncontexttokenstotal", "ngeneratedtokenstotal", "usagedateutc", "usagedate", "totalcalls",
        "starttimeiso", "endtimeiso", "amountvalue", "lineitem", "costtype", "billedcost",
        "chargeperiodstart", "callcount", "sessions", "netamount",
    }
)  # fmt: skip
"""Headers (normalised) of tables of totals: usage and cost exports of OpenAI, Anthropic, GitHub,
FOCUS."""

COMMON: Final[dict[str, tuple[str, ...]]] = {
    "time": ("time", "timestamp", "startedat", "starttime", "createdat", "datetime", "date",
             "requesttime", "ts", "eventtime", "when", "timestamputc", "createdatutc", "dateutc",
             "startedatutc", "timeutc"),
    "provider": ("provider", "modelprovider", "vendor", "llmprovider", "system", "providername"),
    "request_model": ("model", "modelname", "requestmodel", "modelid", "llm", "deployment"),
    "response_model": ("responsemodel", "modelversion"),
    "response_id": ("responseid", "completionid", "messageid", "generationid"),
    "request_id": ("requestid", "xrequestid"),
    "team": ("team", "teamname", "teamid", "department", "group"),
    "person": ("user", "userid", "person", "email", "useremail", "username"),
    "project": ("project", "projectid", "projectname", "repository", "repo", "workspace"),
    "application": ("application", "app", "service", "appname"),
    "environment": ("environment", "env", "stage"),
    "customer": ("customer", "customerid", "tenant", "enduser", "account"),
    "key": ("apikeyname", "apikeyalias", "keyalias", "apikeyid"),
    "task": ("task", "taskid", "ticket", "ticketid", "job", "jobid"),
    "task_type": ("tasktype", "usecase", "feature", "workflow"),
    "session": ("session", "sessionid", "conversationid", "threadid", "conversation"),
    "run": ("run", "runid", "traceid"),
    "agent": ("agent", "agentname", "agentid"),
    "status": ("status", "statuscode", "httpstatus"),
    "service_tier": ("servicetier", "tier"),
    "region": ("region", "inferencegeo"),
    "latency_ms": ("latencyms", "durationms", "delayms", "responsetimems"),
    "input_tokens": ("inputtokens", "prompttokens", "tokensin", "inputtokencount", "tokensprompt",
                     "promptokens", "requesttokens", "input", "prompttokencount", "tokensinput",
                     "intokens"),
    "output_tokens": ("outputtokens", "completiontokens", "tokensout", "outputtokencount",
                      "tokenscompletion", "generatedtokens", "responsetokens", "output",
                      "completiontokencount", "tokensoutput", "outtokens"),
    "cache_read_input_tokens": ("cachereadinputtokens", "cachereadtokens", "cachedtokens",
                                "cachedinputtokens", "inputcachedtokens", "cacheread", "cached",
                                "tokenscached", "cachedtokencount", "cachehittokens"),
    "cache_write_input_tokens": ("cachewriteinputtokens", "cachewritetokens", "cachewrite",
                                 "cachecreationinputtokens", "cachecreationtokens"),
    "reasoning_output_tokens": ("reasoningtokens", "reasoningoutputtokens", "thinkingtokens",
                                "thoughtstokens", "reasoning", "tokensreasoning"),
    "cost": ("cost", "costusd", "spend", "totalcost", "price", "usd", "amount", "responsecost",
             "priceusd", "spendusd", "totalcostusd", "amountusd", "usdcost", "chargeusd"),
    "identity": ("request", "call", "callid", "id", "rowid", "logid", "eventid", "uuid"),
}  # fmt: skip
"""What a column probably is -> headers (normalised) that say so, for tables that we do not know."""

_USAGE: Final = tuple(name for name in COMMON if name.endswith("_tokens"))


def normal(header: str) -> str:
    """A header for comparison: lower case letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def suggest(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> str:
    """A mapping file for a table with this header, as text to check and save beside the table.

    rows: the first rows, used to tell the format of times and numbers; no cell is repeated. Tables
    of totals get a mapping that refuses to be used, because provider bills never become calls."""
    names = {normal(name): name for name in header}
    cells = {name: [r[i].strip() for r in rows if len(r) > i] for i, name in enumerate(header)}
    if known := next((e for e in EXPORTS if e.needs <= names.keys()), None):
        mapping = _pruned(known.mapping, set(header))
        stated, question = number_format(mapping, cells)
        notes = (*known.notes, *question)
        return _render({**stated, **mapping}, header, known.name, notes, "calls")
    totals = sorted(names[name] for name in TOTAL_HEADERS & names.keys())
    mapping = _guess(names, cells)
    stated, question = number_format(mapping, cells)
    mapping = {**stated, **mapping}
    if totals:
        notes = (
            f"These columns say that a row is a total of many calls: {', '.join(totals)}.",
            "Totals are a bill. Bills never become calls, so this table cannot be imported here.",
        )
        return _render(mapping, header, "a table of totals", notes, "totals")
    questions = (
        "Check every line. State whether each row is one model call: calls or totals.",
        "usage.counting: inclusive = cached tokens inside input, reasoning inside output;",
        "cache_outside = cached tokens beside input; exclusive = no counter contains another.",
        *question,
    )
    return _render(mapping, header, "a table that we do not know", questions, "ASK")


def _guess(names: dict[str, str], cells: dict[str, list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for target, aliases in COMMON.items():
        columns = [names[alias] for alias in aliases if alias in names]
        if chosen := next((c for c in columns if _suits(target, cells[c])), None):
            found[target] = chosen
    mapping: dict[str, Any] = {}
    if column := found.pop("time", None):
        form = _time_format(cells[column])
        mapping["time"] = {"column": column, "format": form, "zone": "UTC"}
    cost = found.pop("cost", None)
    identity = found.pop("identity", None)
    usage = {name: found.pop(name) for name in _USAGE if name in found}
    if "provider" not in found and "request_model" in found:
        model = found["request_model"]
        found = {"provider": _column(model, values=PROVIDERS, default="unknown"), **found}
    mapping["fields"] = found
    if usage:
        mapping["usage"] = {"counting": "inclusive", **usage}
    if cost:
        mapping["cost"] = _column(cost, unit="USD", by="client")
    if identity and not {"response_id", "request_id"} & found.keys():
        mapping["identity"] = [identity]
    return mapping


def _suits(target: str, samples: Sequence[str]) -> bool:
    """Whether the cells can be what the header says: a column `input` may hold prompts, not
    counts, and a column `request` texts, not names."""
    filled = [cell for cell in samples if cell.lower() not in NOTHING]
    if target == "cost" or target in _USAGE:
        return not filled or 2 * sum(map(bool, map(NUMBER.fullmatch, filled))) > len(filled)
    if target == "identity":
        named = all(len(cell) <= 80 and not re.search(r"\s", cell) for cell in filled)
        return named and len(set(filled)) == len(filled)
    return True


def _time_format(samples: Sequence[str]) -> str:
    """iso, or the unit of epoch numbers, judged by their size."""
    numbers = [float(s) for s in samples if re.fullmatch(r"\d{9,19}(\.\d+)?", s)]
    if not numbers or len(numbers) < len([s for s in samples if s]):
        return "iso"
    largest = max(numbers)
    if largest < 1e11:
        return "seconds"
    return "milliseconds" if largest < 1e14 else "microseconds"


def _pruned(mapping: dict[str, Any], header: set[str]) -> dict[str, Any]:
    """A known mapping without the columns that this table lacks (exports differ by version)."""

    def has(item: Any) -> bool:
        return (item["column"] if isinstance(item, dict) else item) in header

    kept: dict[str, Any] = {}
    for key, value in mapping.items():
        if key in ("fields", "tags", "usage"):
            value = {k: v for k, v in value.items() if k == "counting" or has(v)}
        elif key in ("cost", "time") and not has(value):
            continue
        elif key == "skip":
            value = {k: v for k, v in value.items() if k in header}
        elif key == "identity":
            value = [name for name in value if name in header]
        if value:
            kept[key] = value
    return kept


def _render(
    mapping: dict[str, Any], header: Sequence[str], name: str, notes: Sequence[str], rows: str
) -> str:
    import yaml

    lines = [f"# Mapping for jevons import csv: {name}.", *(f"# {note}" for note in notes)]
    lines.append(f"rows: {rows}" if rows != "ASK" else "rows: # calls")
    body = yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True, width=96)
    unused = [column for column in header if column not in _mentioned(mapping)]
    lines.append(body.rstrip() if mapping else "# no column was recognised")
    if unused:
        lines.append("# Not used (add under fields or tags; never map prompt or answer text):")
        lines += [f"#   {column}" for column in unused]
    return "\n".join(lines) + "\n"


def _mentioned(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_mentioned(v) | {str(k)} for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*map(_mentioned, value))
    return {str(value)}
