"""Log-rank privacy (Osia et al., DPFE 2018): the logarithm of the true identity's rank by density.

A Gaussian kernel density per identity on training payloads, p(z | identity); a test payload's identities are
ranked by it; the figure is the mean of ln(rank of the true one), with ln N! / N when nothing leaks. One
picture in ten is a test picture; identities of more than 18 pictures take part. Beside it: the error of the
nearest training picture (1-NN).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import gammaln, logsumexp

from privacy_lab.identity.enough import usable
from privacy_lab.identity.spaces import about_own, whitening
from privacy_lab.identity.tally import Seen, Tallies, equal_by_identity, spread
from privacy_lab.identity.ties import Doubles, Indices, place_of_true, share_of_nearest

NAME: Final = "log-rank"


@dataclass(frozen=True, slots=True)
class LogRankSettings:
    """Which identities take part, and which share of their pictures is tested."""

    pictures: int = 19
    test: float = 0.1


def log_rank(seen: Seen, seed: int, settings: LogRankSettings = LogRankSettings()) -> Tallies:
    """Give the log-rank and the 1-NN error of each test picture of this seed's split.

    Args:
        seen: Payloads of unseen identities; groups play no part.
        seed: Draws the test pictures.
        settings: As in the paper.

    Returns:
        `log_rank`, `log_rank/ceiling` (nothing leaks), `nn1_error` and `nn1_error/chance`; identities weigh
        the same.

    Raises:
        TooFewIdentities: fewer than two identities have more than 18 pictures.
    """
    part = usable(NAME, seen.identities, settings.pictures)
    train, test = _split(seen.identities[part], settings.test, np.random.default_rng([seed, 3]))
    train, test = part[train], part[test]
    names, owners = np.unique(seen.identities[train], return_inverse=True)
    true = np.searchsorted(names, seen.identities[test])
    z_train, z_test = _scaled(seen.rows[train], seen.rows[test], owners)
    place = place_of_true(-log_densities(z_test, z_train, owners), true.astype(np.int64))
    near = share_of_nearest(cdist(z_test, z_train), owners[None] == true[:, None])
    N, shares = len(names), np.bincount(owners) / len(owners)
    values = {
        "log_rank": place.log_rank(),
        "log_rank/ceiling": np.full(len(test), gammaln(N + 1) / N),
        "nn1_error": 1 - near,
        "nn1_error/chance": 1 - shares[true],
    }
    weights = equal_by_identity(seen.identities[test])
    return {name: spread(len(seen), test, of_each, weights) for name, of_each in values.items()}


def log_densities(z: Doubles, z_train: Doubles, owners: Indices) -> Doubles:
    """Give ln p(z_i | identity c) up to a constant, float64 [n, identities], by Gaussian kernels.

        p(z | c) = (1/n_c) Σ_{j of c} N(z; z_j, h_c² I),   h_c = n_c^(-1/(d+4))   (Scott 1992)

    Args:
        z: Rows of unit covariance within an identity, float64 [n, d].
        z_train: Rows of the training pictures, float64 [m, d].
        owners: Which identity each training picture is of, int64 [m], 0 … identities - 1.
    """
    d = z.shape[1]
    squares = cdist(z, z_train, "sqeuclidean")  # [n, m]
    columns = []
    for c in range(int(owners.max()) + 1):
        own = squares[:, owners == c]
        h = own.shape[1] ** (-1 / (d + 4))
        columns.append(logsumexp(-own / (2 * h * h), axis=1) - np.log(own.shape[1]) - d * np.log(h))
    return np.stack(columns, axis=1)


def _scaled(train: Doubles, test: Doubles, owners: Indices) -> tuple[Doubles, Doubles]:
    # Equal rows must stay equal to the last bit, so training and test rows are mapped in one go.
    different, back = np.unique(np.concatenate([train, test]), axis=0, return_inverse=True)
    axes = whitening(about_own(train, owners))
    mapped = ((different - train.mean(axis=0)) @ axes)[back.reshape(-1)]
    return mapped[: len(train)], mapped[len(train) :]


def _split(identities: Indices, share: float, random: np.random.Generator) -> tuple[Indices, Indices]:
    order = random.permutation(len(identities))
    test = []
    for name in np.unique(identities):
        own = order[identities[order] == name]
        test.append(own[: max(1, round(share * len(own)))])
    tested = np.concatenate(test)
    return np.setdiff1d(order, tested), tested
