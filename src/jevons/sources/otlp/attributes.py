"""What attributes mean: one alias table over all conventions, old and new, and how to read it.

Sources: OpenTelemetry GenAI semantic conventions (before and after `gen_ai.system` became
`gen_ai.provider.name` and `cache_creation` became `cache_write`), OpenInference, OpenLLMetry,
Vercel AI SDK, Langfuse, pydantic-ai, Sentry, LiteLLM, and the telemetry of Claude Code, Codex and
Gemini CLI. The first alias that is there counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from jevons.sources.otlp.emitters import Emitter, plain_model
from jevons.sources.otlp.envelope import Attributes
from jevons.sources.otlp.payloads import literal
from jevons.vocabulary.money import parse_amount, plain

USAGE: Final[dict[str, tuple[str, ...]]] = {
    "input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens",
        "llm.token_count.prompt", "ai.usage.inputTokens", "ai.usage.promptTokens",
        "ai.usage.tokens", "input_tokens", "input_token_count", "prompt_tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens", "llm.token_count.completion", "ai.usage.outputTokens",
        "ai.usage.completionTokens", "output_tokens", "output_token_count", "completion_tokens",
    ),
    "total_tokens": (
        "gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total",
        "ai.usage.totalTokens", "codex.usage.total_tokens", "total_token_count", "total_tokens",
        "tool_token_count",
    ),
    "cache_read_input_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens",
        "ai.usage.inputTokenDetails.cacheReadTokens", "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.input_tokens.cached", "cache_read_tokens", "cached_token_count",
        "cached_content_token_count", "prompt_tokens_details.cached_tokens",
        "cache_read_input_tokens",
    ),
    "cache_write_input_tokens": (
        "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write_input_tokens", "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write", "gen_ai.usage.details.cache_write_tokens",
        "ai.usage.inputTokenDetails.cacheWriteTokens", "gen_ai.usage.input_tokens.cache_write",
        "cache_creation_tokens", "cache_write_token_count", "cache_creation_input_tokens",
        "prompt_tokens_details.cache_creation_tokens", "prompt_tokens_details.cache_write_tokens",
    ),
    "cache_write_5m_input_tokens": (
        "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
        "gen_ai.usage.details.ephemeral_5m_input_tokens",
        "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
    ),
    "cache_write_1h_input_tokens": (
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
        "gen_ai.usage.details.ephemeral_1h_input_tokens",
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "reasoning_output_tokens": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning",
        "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
        "ai.usage.outputTokenDetails.reasoningTokens", "codex.usage.reasoning_output_tokens",
        "reasoning_token_count", "thoughts_token_count",
        "completion_tokens_details.reasoning_tokens",
    ),
    "audio_input_tokens": (
        "gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio",
        "gen_ai.usage.details.input_audio_tokens", "prompt_tokens_details.audio_tokens",
    ),
    "image_input_tokens": (
        "gen_ai.usage.image.input_tokens", "prompt_tokens_details.image_tokens",
    ),
    "video_input_tokens": (
        "gen_ai.usage.video.input_tokens", "prompt_tokens_details.video_tokens",
    ),
    "audio_output_tokens": (
        "gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio",
        "gen_ai.usage.details.output_audio_tokens", "completion_tokens_details.audio_tokens",
    ),
    "web_searches": (
        "server_tool_use.web_search_requests", "prompt_tokens_details.web_search_requests",
    ),
    "web_fetches": ("server_tool_use.web_fetch_requests",),
}  # fmt: skip
"""Canonical counter (dialects `otel.*`) -> its names in attributes and in LiteLLM's usage object,
whose nested keys are joined by dots."""

COST: Final = (
    "operation.cost", "gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.cost.total", "cost_usd",
)  # fmt: skip
"""USD that the emitter computed. `github.copilot.cost` counts premium requests: it is no money."""

REQUEST_MODEL: Final = (
    "gen_ai.request.model", "llm.request.model_name", "llm.model_name", "ai.model.id",
    "langfuse.observation.model.name", "langfuse.observation.model", "model", "model_name",
)  # fmt: skip
RESPONSE_MODEL: Final = (
    "gen_ai.response.model", "llm.response.model_name", "ai.response.model",
)  # fmt: skip
PROVIDER: Final = (
    "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider",
)  # fmt: skip
RESPONSE_ID: Final = ("gen_ai.response.id", "ai.response.id", "response_id", "llm.response.id")
REQUEST_ID: Final = ("anthropic.request.id", "request_id", "gen_ai.request.id")
SERVICE_TIER: Final = (
    "gen_ai.openai.response.service_tier", "openai.response.service_tier",
    "anthropic.response.service_tier", "gen_ai.response.service_tier",
)  # fmt: skip
FINISH: Final = (
    "gen_ai.response.finish_reasons", "gen_ai.completion.0.finish_reason", "llm.finish_reason",
    "llm.response.finish_reason", "ai.response.finishReason", "stop_reason", "finish_reason",
)  # fmt: skip
STATUS_CODE: Final = ("http.response.status_code", "http.status_code", "status_code", "error.code")
ERROR_TYPE: Final = ("error.type", "error_type")

_MADE_UP: Final = ("aitxt-", "aiobj-", "run-", "lc_run-")
"""Ids that a framework makes when the provider gave none."""
_WHOLE: Final = re.compile(r"\s*-?[0-9]{1,19}\s*\Z")
_ID: Final = re.compile(r"[\x21-\x7e]{1,1024}\Z")
_LEADING_ID: Final = re.compile(r'\{\s*"id"\s*:\s*"([\w.:-]{8,200})"')
_ERROR_NAME: Final = re.compile(r"[\w.:/-]{1,80}\Z")


def first(attributes: Attributes, names: tuple[str, ...]) -> Any:
    """The value of the first name that is there and not empty."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def text(attributes: Attributes, names: tuple[str, ...]) -> str | None:
    """As `first`, but only text."""
    value = first(attributes, names)
    return value if isinstance(value, str) else None


def count(value: Any) -> int | None:
    """A counter: a whole number, or one written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _WHOLE.match(value) else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def cost_of(attributes: Attributes) -> str | None:
    """What the emitter says the call cost, decimal text in USD. A claim of zero is no claim:
    tools say it for models without a price."""
    claim = first(attributes, COST)
    if claim is None and (details := literal(attributes.get("langfuse.observation.cost_details"))):
        claim = details.get("total")
    try:
        amount = parse_amount(claim)
    except ValueError:
        return None
    return plain(amount) if amount > 0 else None


@dataclass(frozen=True, slots=True)
class Identity:
    """The keys by which a report joins others of the same call."""

    response_id: str | None
    request_id: str | None
    aliases: list[str]


class _Answer(msgspec.Struct):
    """Of a whole response, the id alone is read: all else is skipped while decoding."""

    id: str | None = None
    llm_output: dict[str, msgspec.Raw] | None = None


def identity_of(attributes: Attributes, emitter: Emitter) -> Identity:
    """The provider's ids in a record. Claude Code writes its request's id as the response's."""
    response_id = _valid(text(attributes, RESPONSE_ID)) or _id_in_answer(attributes)
    request_id = _valid(text(attributes, REQUEST_ID))
    if response_id and response_id.startswith("req_"):
        request_id, response_id = request_id or response_id, None
    if response_id and response_id.startswith(_MADE_UP):
        response_id = None
    aliases = []
    if emitter.gateway:
        call = text(attributes, ("litellm.call_id",))
        aliases = [f"litellm:{call}"] if call else []
        request_id = request_id or _upstream_request(attributes.get("hidden_params"))
    return Identity(response_id, request_id, aliases)


def _valid(identifier: str | None) -> str | None:
    return identifier if identifier and _ID.match(identifier) else None


def _id_in_answer(attributes: Attributes) -> str | None:
    """The id of a response that OpenInference keeps as text; LangChain's has it in `llm_output`.

    An exporter may have cut the text short: an id at its beginning is still whole.
    """
    answer = attributes.get("output.value")
    if not isinstance(answer, str) or not answer.startswith("{"):
        return None
    if found := _LEADING_ID.match(answer):
        return found[1]
    try:
        held = msgspec.json.decode(answer, type=_Answer)
        inner = (held.llm_output or {}).get("id")
        return _valid(held.id or (msgspec.json.decode(inner, type=str) if inner else None))
    except (msgspec.DecodeError, RecursionError):
        return None


def _upstream_request(parameters: Any) -> str | None:
    """The provider's request id among the headers that LiteLLM keeps of the answer."""
    headers = (literal(parameters) or {}).get("additional_headers")
    if not isinstance(headers, dict):
        return None
    for name in ("llm_provider-request-id", "llm_provider-x-request-id", "request-id"):
        if isinstance(headers.get(name), str):
            return str(headers[name])
    return None


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a call by plain name; variant: what was cut off the name, for the tags."""

    request: str | None
    response: str | None
    variant: str | None


def models_of(attributes: Attributes) -> Models:
    """The models that a record names."""
    request, variant = plain_model(text(attributes, REQUEST_MODEL))
    response, _ = plain_model(text(attributes, RESPONSE_MODEL))
    return Models(request, response, variant)


def error_of(attributes: Attributes, exception: str | None = None) -> str:
    """What went wrong, as status code and type; never a message."""
    code = count(first(attributes, STATUS_CODE))
    kind = first(attributes, ERROR_TYPE) or exception
    named = kind if isinstance(kind, str) and _ERROR_NAME.match(kind) else None
    parts = [str(code)] if code is not None and 100 <= code <= 599 else []
    if named and named not in parts:
        parts.append(named)
    return " ".join(parts) or "error"
