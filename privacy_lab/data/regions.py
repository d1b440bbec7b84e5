"""Regions as a network takes them, cut out of a data set's pictures as the edge cuts them out of a frame."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec, RegionSpec
from models.pictures import Box, Picture, cut
from privacy_lab.data.dataset import UNKNOWN, DataSet, Regions
from privacy_lab.data.pictures import Stack


def regions_of(
    data: DataSet, indices: Iterable[int], region: RegionSpec, size: InputSpec, first: int = 0
) -> Regions:
    """Cut the region of each chosen picture, in that order, through the function that the edge cuts with.

    Labels are the data set's own; identities are numbered from `first` on in order of their names over the
    whole set, so that regions cut at different times agree.
    """
    chosen = np.fromiter(indices, np.int64)
    numbers = {name: k for k, name in enumerate(sorted(set(data.identities) - {""}), first)}
    identities = [numbers.get(data.identities[k], UNKNOWN) if data.identities else UNKNOWN for k in chosen]
    return Regions(
        images=_cut_all(data, chosen, region, size),
        labels=data.labels[chosen],
        identities=np.array(identities, np.int64),
    )


def box_of(data: DataSet, index: int, picture: Picture) -> Box:
    """Give the box of the object in picture `index`; where the set states none, the box fills the picture."""
    height, width = picture.shape[:2]
    return data.boxes[index] if data.boxes else (0, 0, width, height)


def join(several: Sequence[Regions]) -> Regions:
    """Put regions behind one another; identities of different sets are told apart if numbered apart."""
    return Regions(
        images=np.concatenate([regions.images for regions in several]),
        labels=np.concatenate([regions.labels for regions in several]),
        identities=np.concatenate([regions.identities for regions in several]),
    )


def _cut_all(
    data: DataSet, chosen: NDArray[np.int64], region: RegionSpec, size: InputSpec
) -> NDArray[np.uint8]:
    images = data.images
    if isinstance(images, Stack) and images.array.shape[1:] == size.shape and region.kind == "whole":
        # Cutting the whole of a picture that has the input's size gives the picture itself.
        return images.array[chosen]
    regions = np.empty((len(chosen), *size.shape), np.uint8)
    for k, index in enumerate(chosen.tolist()):
        picture = images[index]
        regions[k] = cut(picture, box_of(data, index, picture), region, size)
    return regions
