"""A placement as one picture: who holds which maps of each layer, and how long each layer takes."""

import io
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from feature_node.placement.model import Network
from feature_node.placement.plan import Plan

FORMATS: Final = ("svg", "png")
_SOURCE: Final = "#2b4c7e"
_SHARES: Final = "YlOrBr"
_LATENCY: Final = "#3f7d6e"
_ROW: Final = 0.16


def draw_plan(plan: Plan, network: Network, form: str) -> bytes:
    """Draw a plan as `form`, one of `FORMATS`: a row a device, a column a layer, darker for more maps."""
    shown = sorted({holder for held in plan.holders for holder in held})
    height = 2.6 + max(8, len(shown)) * _ROW
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "penumbra", "font.size": 8}):
        canvas = Canvas(figsize=(3.5 + 0.24 * len(network.layers), height), layout="constrained")
        above, below = canvas.subplots(2, 1, sharex=True, height_ratios=[max(8, len(shown)) * _ROW, 1.4])
        _holders(above, plan, network, shown)
        _latency(below, plan, network)
        canvas.suptitle(_title(plan), fontsize=9)
        written = io.BytesIO()
        canvas.savefig(written, format=form, dpi=150, metadata=_undated(form))
    return written.getvalue()


def _title(plan: Plan) -> str:
    privacy = f"SSIM at most {plan.max_ssim:g}"
    against = f", {plan.colluding} colluding" if plan.colluding > 1 else ""
    return f"{plan.network}, {plan.topology}, {plan.solver}: {privacy}{against}; {plan.latency_seconds:.3g} s"


def _undated(form: str) -> dict[str, str | None]:
    return {"Date": None, "Creator": None} if form == "svg" else {"Software": None}


def _holders(axes: Axes, plan: Plan, network: Network, shown: list[int]) -> None:
    shares = np.zeros((len(shown), len(network.layers)))
    for column, (layer, held) in enumerate(zip(network.layers, plan.holders, strict=True)):
        for row, device in enumerate(shown):
            shares[row, column] = held.count(device) / layer.maps_in
    own = np.array([device < 0 for device in shown])
    helped = np.ma.masked_where((shares == 0) | own[:, None], shares)
    # Many helpers hold a hundredth each and one holds a whole dense layer: tenfolds are told apart.
    scale = LogNorm(vmin=min(0.1, float(np.min(shares[shares > 0]))), vmax=1.0)
    image = axes.imshow(helped, aspect="auto", cmap=_SHARES, norm=scale)
    axes.figure.colorbar(image, ax=axes, label="share of the layer's maps", pad=0.01)
    for row, column in zip(*np.nonzero((shares > 0) & own[:, None]), strict=True):
        axes.axvspan(column - 0.5, column + 0.5, color=_SOURCE, alpha=0.07, linewidth=0)
        axes.plot(column, row, marker="s", color=_SOURCE, markersize=5)
    names = ["source" if device < 0 else plan.helpers[device] for device in shown]
    step = -(-len(names) // 60)
    axes.set_yticks(range(0, len(names), step), names[::step], fontsize=6)
    axes.set_title("who holds how many maps", loc="left", fontsize=8)


def _latency(axes: Axes, plan: Plan, network: Network) -> None:
    axes.bar(range(len(network.layers)), plan.layer_seconds, color=_LATENCY)
    axes.set_ylabel("seconds")
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_xticks(range(len(network.layers)), [layer.name for layer in network.layers], rotation=90)
    axes.spines[["top", "right"]].set_visible(False)
