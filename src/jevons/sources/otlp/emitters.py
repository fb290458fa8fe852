"""Who sends telemetry, and what each does differently: the quirks as a table, not as code.

An emitter is told by its instrumentation scope, or by the resource's service name. What the
conventions leave open is written here: which counters include which, what an emitter leaves out,
and whether its service is the application or a tool.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from jevons.sources.otlp.envelope import Attributes, Origin
from jevons.vocabulary.providers import (
    AI_STUDIO,
    BEDROCK,
    UNKNOWN,
    VERTEX,
    provider_of,
    provider_of_model,
)

Dialect = Literal["otel.gen_ai", "otel.exclusive", "otel.gemini"]


@dataclass(frozen=True, slots=True)
class Emitter:
    """One emitter's quirks.

    scopes: beginnings of its scope's name; a scope that ends in `$` is the whole name. services:
    beginnings of its service's name. api: the dialect of its canonical counters. coarse: it leaves
    out the cache or reasoning split that the provider gives. provider: whose calls it reports when
    it does not say. harness: the tool that it is; then its service is no application. versioned:
    where the harness's version is. session_run: a session is one run, as in its local log.
    client: its log records are the client's own notes, not an SDK's. gateway: it passes on the
    calls of others. timed: its spans last as long as the calls.
    """

    name: str
    scopes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    api: Dialect = "otel.gen_ai"
    coarse: bool = False
    provider: str | None = None
    harness: str | None = None
    versioned: Literal["service", "scope", "no"] = "no"
    session_run: bool = False
    client: bool = False
    gateway: bool = False
    timed: bool = True


EMITTERS: Final[tuple[Emitter, ...]] = (
    # Cache counts outside input_tokens; cache writes without their lifetime (5 minutes or 1 hour).
    Emitter(
        "claude-code", ("com.anthropic.claude_code",), api="otel.exclusive", coarse=True,
        provider="anthropic", harness="claude-code", versioned="service", session_run=True,
        client=True,
    ),
    Emitter(
        "codex", ("codex",), ("codex",), provider="openai", harness="codex", versioned="service",
        session_run=True, client=True, timed=False,
    ),
    # Output without thoughts. Spans and the conventional event also leave out cache and thoughts;
    # its service version is that of Node.js.
    Emitter(
        "gemini-cli", ("gemini-cli",), ("gemini-cli",), api="otel.gemini", coarse=True,
        provider="google", harness="gemini-cli", session_run=True, client=True,
    ),
    Emitter(
        "qwen-code", ("qwen-code",), ("qwen-code",), api="otel.gemini", coarse=True,
        harness="qwen-code", session_run=True, client=True,
    ),
    Emitter(
        "copilot-cli", ("github.copilot", "copilot"), ("github-copilot", "copilot"),
        harness="copilot-cli", versioned="service", session_run=True, client=True,
    ),
    # Counters without cache; the whole usage is in `metadata.usage_object`.
    Emitter("litellm", ("litellm",), gateway=True),
    Emitter("pydantic-ai", ("pydantic-ai",), harness="pydantic-ai", versioned="scope"),
    Emitter("vercel-ai", ("ai$",), harness="vercel-ai"),
    Emitter("langfuse", ("langfuse-sdk",)),
    Emitter("anthropic-sdk", ("com.anthropic.sdk.",), provider="anthropic"),
    Emitter("openinference-openai", ("openinference.instrumentation.openai",), provider="openai"),
    Emitter(
        "openinference-anthropic", ("openinference.instrumentation.anthropic",),
        provider="anthropic",
    ),
)  # fmt: skip
"""The emitters with quirks, in the order in which they are asked; all others follow the
conventions (`CONVENTIONAL`)."""

CONVENTIONAL: Final = Emitter("conventional")

SPEEDS: Final = {"normal": "standard"}
"""Names of speed that differ from the provider's (Claude Code says normal, the API standard)."""

_ADDRESSES: Final = tuple(
    (re.compile(pattern), provider, host)
    for pattern, provider, host in (
        (r"(?:(?P<region>[a-z0-9-]+)-)?aiplatform\.googleapis\.com\Z", "google", VERTEX),
        (r"generativelanguage\.googleapis\.com\Z", "google", AI_STUDIO),
        (r"bedrock-runtime(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com\Z", "aws", BEDROCK),
        (r"(?:(?P<region>[a-z]{2})\.)?api\.openai\.com\Z", "openai", None),
        (r"[a-z0-9-]+\.openai\.azure\.com\Z", "azure", None),
        (r"api\.anthropic\.com\Z", "anthropic", None),
    )
)
"""Addresses of providers; some name the region, which has a price of its own."""

_VARIANT: Final = re.compile(r"\[(\w+)\]\Z")


def emitter_of(origin: Origin) -> Emitter:
    """Who sent the records of this origin."""
    service = origin.resource.get("service.name")
    return _emitter(origin.scope, service if isinstance(service, str) else "")


@lru_cache(maxsize=1024)
def _emitter(scope: str, service: str) -> Emitter:
    for emitter in EMITTERS:
        if scope.startswith(emitter.scopes) or f"{scope}$" in emitter.scopes:
            return emitter
        if emitter.services and service.startswith(emitter.services):
            return emitter
    return CONVENTIONAL


def harness_version(emitter: Emitter, origin: Origin) -> str | None:
    """The version of the emitting tool, None when it does not say it or says another's."""
    if emitter.versioned == "scope":
        return origin.scope_version or None
    version = origin.resource.get("service.version") if emitter.versioned == "service" else None
    return version if isinstance(version, str) and version else None


@dataclass(frozen=True, slots=True)
class Served:
    """Who served a call, as `Observation` names it."""

    provider: str
    host: str | None = None
    region: str | None = None


def served_by(
    named: str | None, address: str | None, model: str | None, emitter: Emitter
) -> Served:
    """Who served a call: a provider's own address says most, then the named provider, then the
    emitter, at last the maker of the model. Any other address may be a proxy and says nothing."""
    for pattern, owner, place in _ADDRESSES:
        if address and (found := pattern.match(address)):
            return Served(owner, place, found.groupdict().get("region"))
    provider, host = provider_of(named) if named else (emitter.provider or UNKNOWN, None)
    if provider == UNKNOWN:
        provider = provider_of_model(model)
    return Served(provider, host)


def plain_model(name: str | None) -> tuple[str | None, str | None]:
    """A model's name without its variant, and the variant: `claude-opus-4-8[1m]` is asked for with
    a context window of a million tokens; local logs and price lists name it without."""
    found = _VARIANT.search(name) if name else None
    if name is None or found is None:
        return name, None
    return name[: found.start()], found[1]


def is_application(emitter: Emitter, resource: Attributes) -> bool:
    """Whether the resource's service is the application that asked, not a tool or a gateway."""
    service = resource.get("service.name")
    named = isinstance(service, str) and not service.startswith("unknown_service")
    return named and not emitter.gateway and not (emitter.harness and emitter.client)
