"""What anyone reconstructs who learns the primary task's answer alone: the floor under every score."""

from dataclasses import replace

import numpy as np
import torch

from privacy_lab.attacks.answers import Answers, answers_of, one_hot
from privacy_lab.attacks.aside import set_aside
from privacy_lab.attacks.decoder import Decoder, DecoderSettings, fit_decoder
from privacy_lab.attacks.fitting import Pairs
from privacy_lab.attacks.sight import Images, Sight, as_images


def class_mean(sight: Sight) -> Images:
    """Give for each observed payload the mean of those auxiliary regions that the bundle answers alike.

    An answer that no auxiliary region gets is given the mean of all. float32 [n, h, w, 3].
    """
    answer = answers_of(sight.victim, sight.auxiliary, sight.seed)
    shown = answer(sight.victim.release(sight.auxiliary.images))
    images = sight.auxiliary.images
    return means(images=as_images(images), shown=shown, labels=sight.victim.labels)[answer(sight.observed)]


def means(images: Images, shown: Answers, labels: int) -> Images:
    """Give the mean image of each answer, [labels, h, w, 3]; of all images where none has the answer."""
    overall = images.mean(axis=0)
    rows = [
        images[shown == label].mean(axis=0) if (shown == label).any() else overall for label in range(labels)
    ]
    return np.stack(rows).astype(np.float32)


def answer_alone(sight: Sight, settings: DecoderSettings, structure: float = 0.0) -> Images:
    """Reconstruct as `decoder_attack` does, from the one-hot answer in the payload's place, [n, h, w, 3].

    What a reconstruction attack shows beyond this, it owes to what the payload says beyond the answer.
    `structure` weighs 1 - SSIM beside the mean squared error, as for the attack that this stands beside.
    """
    victim = sight.victim
    answer = answers_of(victim, sight.auxiliary, sight.seed)
    codes = one_hot(answer(victim.release(sight.auxiliary.images)), victim.labels)
    learn, aside = set_aside(sight.auxiliary, settings.aside, sight.seed)
    images = torch.from_numpy(sight.auxiliary.images)
    pairs, kept = (Pairs(torch.from_numpy(codes[k]), images[k]) for k in (learn, aside))
    network, losses = fit_decoder(
        pairs,
        kept,
        replace(settings, views=0),
        structure,
        seed=sight.seed,
        device=sight.device,
        watch=sight.watch,
    )
    return Decoder(network, losses, aside).decode(one_hot(answer(sight.observed), victim.labels))
