"""The certificate's page with every embedding on it: the same originals above what became of each."""

from collections.abc import Mapping
from dataclasses import replace

from models.certificate import Certificate
from models.manifest import Manifest
from privacy_lab.battery.run import Outcome
from privacy_lab.certify.attack_words import attack_name
from privacy_lab.certify.build import curve_of, page_of
from privacy_lab.certify.facts import Compared, PageFacts, Reconstructed
from privacy_lab.study.results import EmbeddingResult, LayerResult, TaskResult


def side_by_side(
    manifest: Manifest, certificate: Certificate, task: TaskResult, outcomes: Mapping[str, Outcome]
) -> PageFacts:
    """Give the page of the certified bundle, the other embeddings beside it (Osia et al., fig. 5)."""
    alone = page_of(manifest, certificate, outcomes[manifest.embedding])
    rows = [row for found in task.embeddings if (row := _row(found.embedding, outcomes[found.embedding]))]
    curves = [curve for name, outcome in outcomes.items() for curve in curve_of(name, outcome.battery)]
    order = [found.embedding for found in task.embeddings]
    return replace(
        alone,
        # Below the embeddings stay the references that belong to the one certified.
        reconstructed=(*rows, *alone.reconstructed[1:]),
        embeddings=tuple(line for found in task.embeddings if (line := _embedding(found))),
        curves=tuple(sorted(curves, key=lambda curve: order.index(curve.name))),
        layers=tuple(_layer(layer) for layer in task.layers),
    )


def _row(name: str, outcome: Outcome) -> Reconstructed | None:
    battery = outcome.battery
    if battery.strongest is None or battery.strongest_ssim is None:
        return None
    note = f"{attack_name(battery.strongest)}, SSIM {battery.strongest_ssim.value:.3f}"
    return Reconstructed(name, outcome.samples[battery.strongest], note)


def _embedding(found: EmbeddingResult) -> Compared | None:
    battery = found.battery
    if battery.accuracy is None or battery.strongest_ssim is None:
        return None
    return Compared(
        name=found.embedding,
        accuracy=battery.accuracy,
        identity=battery.identity_rank1,
        rank_privacy=battery.rank_privacy,
        ssim=battery.strongest_ssim,
        milliseconds=found.edge.extractor.milliseconds_a_region,
        payload_bytes=found.payload_bytes,
    )


def _layer(layer: LayerResult) -> Compared:
    return Compared(
        name=layer.layer,
        accuracy=layer.accuracy,
        identity=layer.identity_rank1,
        rank_privacy=layer.rank_privacy,
        ssim=layer.ssim,
        milliseconds=layer.milliseconds_a_region,
        payload_bytes=layer.payload_bytes,
    )
