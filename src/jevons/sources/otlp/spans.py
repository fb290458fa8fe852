"""Spans: which of them are model calls, which only sum the calls below them, and what they say.

A call is one provider response. These are no calls and are counted in nothing, even when they
carry usage and no call is seen below them: agents and workflows (`invoke_agent`, `agent_step`,
`invoke_workflow`, OpenInference AGENT and CHAIN, Langfuse anything but generation and embedding,
traceloop workflows and tasks), `ai.generateText` around its `.doGenerate`, Codex turns,
`gen_ai.aggregated_usage`, tools, retrieval, and `fetch_response`, which reads an answer again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jevons.sources.otlp.attributes import (
    FINISH,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVICE_TIER,
    Identity,
    cost_of,
    error_of,
    first,
    identity_of,
    models_of,
    text,
)
from jevons.sources.otlp.attribution import attribution_of
from jevons.sources.otlp.counts import Usage, dialect_of, usage_of
from jevons.sources.otlp.emitters import (
    SPEEDS,
    Emitter,
    Served,
    emitter_of,
    harness_version,
    served_by,
)
from jevons.sources.otlp.envelope import Attributes, Span
from jevons.sources.otlp.payloads import counters, literal
from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.observation import Completeness, Observation
from jevons.vocabulary.providers import UNKNOWN, provider_of

SOURCE_NAME: Final = "otlp"

NO_CALLS: Final = frozenset(
    {
        "invoke_agent", "agent_step", "invoke_workflow", "create_agent", "execute_tool", "plan",
        "retrieval", "fetch_response", "tool_call", "schedule_tool_calls", "agent_call",
        "system_prompt", "user_prompt", "call_mcp_tool",
    }
)  # fmt: skip
"""Values of `gen_ai.operation.name` that are no model call (also all that end in `_memory`)."""

CALLS: Final = frozenset(
    {
        "chat", "generate_content", "text_completion", "embeddings", "llm_call", "completion",
        "embedding", "rerank", "image_generation", "speech", "transcription", "responses",
        "messages",
    }
)  # fmt: skip
"""Values of `gen_ai.operation.name` that are a model call even when the span has no usage."""

ONE_SIDED: Final = frozenset(
    {"embeddings", "embedding", "doembed", "rerank", "reranker", "dorerank", "moderation"}
)
"""Operations, span kinds and steps whose answer has no tokens, in lower case."""

OPERATION: Final = ("gen_ai.operation.name", "llm.request.type")

KINDS: Final = (
    *OPERATION, "openinference.span.kind", "ai.operationId", "langfuse.observation.type",
)  # fmt: skip
"""Attributes that name the kind of a span."""

_OPERATIONS: Final = {
    **dict.fromkeys(("embedding", "doembed"), "embeddings"),
    **dict.fromkeys(("reranker", "dorerank"), "rerank"),
    "moderation": "moderation",
    **dict.fromkeys(
        ("llm", "llm_call", "generate_content", "dogenerate", "dostream", "generation", "messages",
         "responses"),
        "chat",
    ),
}  # fmt: skip
"""Kind of a span in lower case -> what kind of call it is; other kinds of `CALLS` say it as is."""

_AROUND: Final = {
    **dict.fromkeys(("guardrail",), "guardrail"),
    **dict.fromkeys(("evaluator", "evaluation"), "evaluation"),
    **dict.fromkeys(("retriever", "retrieval"), "retrieval"),
    "plan": "plan",
}
"""Kinds of spans that make the model calls inside them a part of what they do."""

_AGGREGATES: Final = ("gen_ai.aggregated_usage.", "codex.turn.")
_RAW: Final = re.compile(r"llm\.(\w+)\.(?:id|responseId|usage|usageMetadata)\Z")


def is_call(span: Span, emitter: Emitter) -> bool:
    """Whether a span is one model call, by the markers of all conventions, the surest first."""
    attributes = span.attributes
    if any(name.startswith(_AGGREGATES) for name in attributes):
        return False
    for name, calls in (
        ("openinference.span.kind", ("LLM", "EMBEDDING", "RERANKER")),
        ("langfuse.observation.type", ("generation", "embedding")),
        ("span.type", ("llm_request",)),
    ):
        if name in attributes:
            return attributes[name] in calls
    step = attributes.get("ai.operationId")
    if isinstance(step, str):
        return step.rpartition(".")[2].startswith("do")
    operation = text(attributes, OPERATION)
    if operation and (operation in NO_CALLS or operation.endswith("_memory")):
        return False
    if emitter.gateway:
        return "litellm.call_id" in attributes and text(attributes, REQUEST_MODEL) is not None
    if operation in CALLS:
        return True
    named = emitter.name == "codex" or text(attributes, REQUEST_MODEL + RESPONSE_MODEL) is not None
    is_step = "traceloop.span.kind" in attributes and operation is None
    return named and not is_step and usage_of(attributes, emitter, UNKNOWN).counts is not None


@dataclass(slots=True)
class Call:
    """A span that is a call, with what its neighbours in the same export add to it.

    above: the attributes of the spans above it, nearest first. below: the calls right below it.
    """

    span: Span
    emitter: Emitter
    served: Served
    usage: Usage
    identity: Identity
    above: list[Attributes] = field(default_factory=list)
    below: list[Call] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key by which the span is recognised when it is exported again, '' without ids."""
        return span_key(self.span.trace_id, self.span.span_id)

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Input and output as the emitter counts them, None when it does not."""
        counts = self.usage.counts
        if counts is None:
            return None
        return int(counts.get("input_tokens") or 0), int(counts.get("output_tokens") or 0)

    def repeats(self) -> bool | None:
        """Whether it reports the same call as the one below it; None when it sums those below.

        A framework's span without an id lies around the spans of an SDK. With one call of equal
        counts below, both are the same; with several, or with other counts, it is their sum.
        """
        answered = [call for call in self.below if not call.span.failed]
        if self.identity.response_id or not answered:
            return False
        if len(answered) == 1 and self.tokens in (None, answered[0].tokens):
            return True
        return None


def span_key(trace_id: str, span_id: str) -> str:
    """The key of a span, '' when an id is missing."""
    return f"otel:{trace_id}/{span_id}" if trace_id and span_id else ""


def observations(spans: Sequence[Span]) -> Iterator[Observation | str]:
    """The calls among the spans of one export; a sentence for a call that cannot be used."""
    index = {(span.trace_id, span.span_id): span for span in spans}
    calls: dict[int, Call] = {}
    for span in spans:
        emitter = emitter_of(span.origin)
        if is_call(span, emitter):
            calls[id(span)] = _call(span, emitter)
        elif emitter.gateway and (answer := _provider_answer(span)) is not None:
            yield answer
    for call in calls.values():
        above = list(_above(call.span, index))
        call.above = [span.attributes for span in above]
        nearest = next((calls[id(span)] for span in above if id(span) in calls), None)
        if nearest is not None:
            nearest.below.append(call)
    for call in calls.values():
        if call.repeats() is not None:
            yield _observation(call)


def _call(span: Span, emitter: Emitter) -> Call:
    attributes = span.attributes
    provider = text(attributes, PROVIDER)
    if provider is None and emitter.gateway:
        provider = (text(attributes, ("litellm.provider.model",)) or "").partition("/")[0] or None
    models = models_of(attributes)
    address = text(attributes, ("server.address",))
    served = served_by(provider, address, models.response or models.request, emitter)
    usage = usage_of(attributes, emitter, served.provider)
    return Call(span, emitter, served, usage, identity_of(attributes, emitter))


def _above(span: Span, index: dict[tuple[str, str], Span]) -> Iterator[Span]:
    """The spans above, nearest first; ends where the export does, or where spans make a ring."""
    seen = {span.span_id}
    while span.parent_id and span.parent_id not in seen:
        seen.add(span.parent_id)
        above = index.get((span.trace_id, span.parent_id))
        if above is None:
            return
        yield above
        span = above


def _observation(call: Call) -> Observation | str:
    span, attributes = call.span, call.span.attributes
    if not span.start and not span.end:
        return "the span of a model call has neither a start nor an end time"
    models = models_of(attributes)
    failed = span.failed or attributes.get("success") is False or "error.type" in attributes
    cost = cost_of(attributes)
    return Observation(
        provider=call.served.provider,
        time=(span.start or span.end) // 1000,
        source=SOURCE_NAME,
        evidence="span",
        completeness=completeness(call.usage, failed, one_sided=is_one_sided(attributes)),
        detail="coarse" if call.usage.coarse else "full",
        api=call.usage.api,
        response_id=call.identity.response_id,
        request_id=call.identity.request_id,
        attempt=_attempt(attributes),
        aliases=[_alias(alias, span, failed) for alias in call.identity.aliases],
        self_keys=_self_keys(call),
        host=call.served.host,
        region=call.served.region,
        request_model=models.request or _model_above(call),
        response_model=models.response,
        service_tier=text(attributes, SERVICE_TIER),
        speed=speed_of(attributes),
        operation=operation_of(attributes, call.above),
        finish_reason=finish_of(first(attributes, FINISH), call.served.provider),
        status="error" if failed else "ok",
        error=error_of(attributes, span.exception) if failed else None,
        latency_ms=_latency(call),
        usage=call.usage.counts,
        stated_cost=cost,
        stated_by="client" if cost else None,
        **_attribution(call, models.variant),
    )


def _latency(call: Call) -> int | None:
    span = call.span
    timed = call.emitter.timed and span.end > span.start > 0
    return (span.end - span.start) // 1_000_000 if timed else None


def _attribution(call: Call, variant: str | None) -> dict[str, Any]:
    """Dimensions, place in the run, and tags."""
    span, emitter = call.span, call.emitter
    named, tags = attribution_of(span.attributes, span.origin, emitter, call.above)
    if variant:
        tags["model_variant"] = variant
    found: dict[str, Any] = {
        "harness": emitter.harness,
        "harness_version": harness_version(emitter, span.origin),
        "run": named.get("session"),
    }
    agent = text(span.attributes, ("agent_id",))
    if emitter.session_run and agent and found["run"]:
        # A sub-agent is a run below its session's, as in Claude Code's own log.
        found |= {"run": f"{found['run']}/{agent}", "parent_run": found["run"]}
    if not emitter.gateway:  # a gateway's own spans are no steps of the run that it serves
        found |= {"step": span.span_id or None, "parent_step": span.parent_id or None}
        if not emitter.session_run and (span.parent_id or "session" not in named):
            found["run"] = span.trace_id or None
    return found | named | {"tags": tags}


def _self_keys(call: Call) -> list[str]:
    """The span's own key, and that of the span below which reports the same call."""
    same = [other.key for other in call.below if call.repeats() and not other.span.failed]
    return [key for key in (call.key, *same) if key]


def _alias(alias: str, span: Span, failed: bool) -> str:
    """LiteLLM gives all attempts of a request one id: a failed one is told apart by its start."""
    return f"{alias}@{(span.start + 500) // 1000}" if failed else alias


def _attempt(attributes: Attributes) -> int | None:
    attempt = attributes.get("attempt")
    return attempt if isinstance(attempt, int) and attempt > 0 else None


def _model_above(call: Call) -> str | None:
    """Codex names the model on the turn only."""
    if call.emitter.name != "codex":
        return None
    return next((name for a in call.above if (name := text(a, ("model",)))), None)


def speed_of(attributes: Attributes) -> str | None:
    """The speed that the call was served at, in the provider's words."""
    speed = text(attributes, ("speed",))
    return SPEEDS.get(speed, speed) if speed else None


def is_one_sided(attributes: Attributes) -> bool:
    """Whether the answer of the operation has no tokens."""
    return _kind(attributes) in ONE_SIDED


def operation_of(attributes: Attributes, above: Sequence[Attributes] = ()) -> str | None:
    """What kind of call it was, in the words of the conventions; None when it does not say.

    above: the spans around it, nearest first. A chat inside a guardrail, an evaluation or a
    retrieval is a part of that; what an agent does inside one is the agent's own.
    """
    kind = _kind(attributes)
    operation = _OPERATIONS.get(kind, kind if kind in CALLS else None)
    if operation not in (None, "chat"):
        return operation
    for around in above:
        kind = _kind(around)
        if kind in _AROUND:
            return _AROUND[kind]
        if kind in ("gent", "invoke_agent"):  # `_kind` takes the first a of `agent`
            break
    return operation


def _kind(attributes: Attributes) -> str:
    """The operation, span kind or step that the emitter names, as one lower-case word."""
    named = text(attributes, KINDS) or ""
    return named.rpartition(".")[2].lower().removeprefix("a")


def completeness(usage: Usage, failed: bool, *, one_sided: bool = False) -> Completeness:
    """How much of the usage is there. A stream without usage is unknown, not nothing; a failed call
    with usage, or one without its output, is a lower bound."""
    counts = usage.counts
    if counts is None:
        return "none"
    canonical = usage.api is not None and usage.api.startswith("otel.")
    unanswered = canonical and "output_tokens" not in counts and not one_sided
    return "partial" if failed or unanswered else "complete"


def _provider_answer(span: Span) -> Observation | None:
    """LiteLLM's span of the provider's raw answer, always right below that of the call.

    It has the ids that LiteLLM rewrites (`resp_...`) and the usage as the provider gave it.
    """
    found = next((match for name in span.attributes if (match := _RAW.match(name))), None)
    if found is None or not span.parent_id or not span.start:
        return None
    attributes = {
        name.removeprefix(f"llm.{found[1]}."): value for name, value in span.attributes.items()
    }
    response_id = text(attributes, ("id", "responseId"))
    usage = literal(attributes.get("usage")) or literal(attributes.get("usageMetadata"))
    if response_id is None and usage is None:
        return None
    keys = (span_key(span.trace_id, span.span_id), span_key(span.trace_id, span.parent_id))
    return Observation(
        provider=UNKNOWN if found[1] == "None" else provider_of(found[1])[0],
        time=span.start // 1000,
        source=SOURCE_NAME,
        evidence="span",
        completeness="complete" if usage else "none",
        api=dialect_of(usage) if usage else None,
        response_id=response_id,
        self_keys=[key for key in keys if key],
        response_model=text(attributes, ("model", "modelVersion")),
        service_tier=text(attributes, ("service_tier",)),
        usage=counters(usage) if usage else None,
    )
