"""Where `penumbra up` lets the edge serve the live page, and how that address is told to people."""

import importlib.util
import socket
from typing import Final

from feature_node.live.settings import LISTEN, LiveSettings
from penumbra.errors import ConfigError
from penumbra.pipeline_live import LiveEntry
from penumbra.pipeline_schema import Pipeline

_NEEDED: Final = ("starlette", "uvicorn")
_ANYWHERE: Final = ("0.0.0.0", "::")


def live_settings(entry: LiveEntry | None) -> LiveSettings | None:
    """What the edge is told of its page; None where it serves none.

    Raises:
        BadSettings: Others could reach it without a token.
    """
    if entry is None or not entry.served:
        return None
    return LiveSettings(listen=entry.listen or LISTEN, token_file=entry.token_file, token_env=entry.token_env)


def with_live_page(pipeline: Pipeline) -> Pipeline:
    """Give the pipeline a page on this machine unless it says otherwise: on port 8800, or a free one.

    Raises:
        ConfigError: It asks for a page, and what serves one is not installed.
    """
    entry = pipeline.edge.live
    if entry is not None and not entry.served:
        return pipeline
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing and entry is not None:
        raise ConfigError(
            f"edge.live: the live page needs {', '.join(missing)}. Run: pip install 'penumbra[edge]', "
            "or write live: false."
        )
    if missing:
        return pipeline
    entry = entry or LiveEntry()
    served = entry if entry.listen else entry.model_copy(update={"listen": _free_address()})
    return pipeline.model_copy(update={"edge": pipeline.edge.model_copy(update={"live": served})})


def page_address(entry: LiveEntry | None) -> str:
    """The address to open in a browser; empty where no page is served."""
    settings = live_settings(entry)
    if settings is None:
        return ""
    host, _, port = settings.listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    shown = socket.gethostname() if host in _ANYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _free_address() -> str:
    """Port 8800 if nothing listens there, or a free one; others may take it until the edge does."""
    host, _, usual = LISTEN.rpartition(":")
    for port in (int(usual), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return f"{host}:{probe.getsockname()[1]}"
    return LISTEN
