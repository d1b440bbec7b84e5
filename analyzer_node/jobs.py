"""From one `Features` to one `Result`, as pure steps: open, fill, close. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from analyzer_node.keys import answer_key
from analyzer_node.networks import Network, Outcome
from broker.features import Features
from broker.results import RegionAnswer, Result
from monitoring.traces import NO_SPAN, Span


@final
@dataclass
class Job:
    """One `Features` on its way through the node.

    Attributes:
        features: what is asked.
        keys: the name of each region's answer, in order; none where the message is refused.
        answers: what is known so far, by key.
        cached: the keys whose answers came from the store.
        refused: why there will be no answer; empty while there may be one.
        span: the analyzer's part of the frame's trace.
    """

    features: Features
    keys: tuple[str, ...]
    answers: dict[str, RegionAnswer] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    refused: str = ""
    span: Span = NO_SPAN


def open_job(features: Features, networks: Mapping[str, Network], span: Span = NO_SPAN) -> Job:
    """Name the answers that a message asks for, or say why it cannot have any."""
    refused = _why_not(features, networks.get(features.bundle))
    asked = () if refused else features.regions
    keys = tuple(answer_key(features.bundle, features.kind, payload) for payload in asked)
    return Job(features, keys, refused=refused, span=span)


def _why_not(features: Features, network: Network | None) -> str:
    if network is None:
        return "unknown-bundle"
    if features.kind != network.kind:
        return "wrong-kind"
    exact = network.region_bytes
    if exact is not None and any(len(payload) != exact for payload in features.regions):
        return "wrong-length"
    return ""


def asked_keys(jobs: Iterable[Job]) -> list[str]:
    """List every key once."""
    return list(dict.fromkeys(key for job in jobs for key in job.keys))


def fill_from_store(
    jobs: Sequence[Job], found: Mapping[str, RegionAnswer], networks: Mapping[str, Network]
) -> None:
    """Take over remembered answers, except labels that the bundle does not know."""
    for job in jobs:
        for key in job.keys:
            answer = found.get(key)
            if answer is not None and answer.label in networks[job.features.bundle].labels:
                job.answers[key] = answer
                job.cached.add(key)


def missing_payloads(jobs: Iterable[Job]) -> dict[str, dict[str, bytes]]:
    """Collect what the networks must answer: by bundle, then by key, each payload once."""
    missing: dict[str, dict[str, bytes]] = {}
    for job in jobs:
        for key, payload in zip(job.keys, job.features.regions, strict=False):
            if key not in job.answers:
                missing.setdefault(job.features.bundle, {})[key] = payload
    return missing


def fill_from_network(jobs: Iterable[Job], outcomes: Mapping[str, Outcome]) -> None:
    """Take over what the networks answered; a job with one unanswerable region is refused."""
    for job in jobs:
        for key in job.keys:
            outcome = outcomes.get(key)
            if isinstance(outcome, RegionAnswer):
                job.answers[key] = outcome
            elif outcome is not None and not job.refused:
                job.refused = outcome


def close_job(job: Job, *, received_ns: int, answered_ns: int) -> Result:
    """Make the result: one answer a region in their order, or the refusal."""
    asked = job.features
    keys = () if job.refused else job.keys
    return Result(
        stream=asked.stream,
        run=asked.run,
        sequence=asked.sequence,
        captured_ns=asked.captured_ns,
        sent_ns=asked.sent_ns,
        bundle=asked.bundle,
        regions=tuple(job.answers[key] for key in keys),
        cached=sum(key in job.cached for key in keys),
        received_ns=received_ns,
        answered_ns=answered_ns,
        refused=job.refused,
        # An edge of the time before traces reads no result that tells of one: only who asked is told.
        traceparent=job.span.traceparent if asked.traceparent else "",
    )
