"""Runs what the source keeps of a cut network: the first and the last layers, and what lies between."""

from typing import Any, Final, final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from feature_node.distributed.cut import Cut
from feature_node.errors import BadSettings, ExtractorError
from models.sessions import first_line, session_options

Tensors = dict[str, NDArray[Any]]


@final
class Pieces:
    """The source's part of a network; safe to call from several threads."""

    def __init__(self, cut: Cut, *, threads: int = 1) -> None:
        """Load every piece.

        Raises:
            BadSettings: ONNX Runtime does not load one.
        """
        self._pieces: Final = cut.pieces
        try:
            self._sessions = [
                onnxruntime.InferenceSession(
                    piece.model, sess_options=session_options(threads), providers=["CPUExecutionProvider"]
                )
                if piece.model
                else None
                for piece in cut.pieces
            ]
        except Exception as error:  # the library's own classes have no root
            raise BadSettings(f"ONNX Runtime does not load the cut network: {first_line(error)}") from error

    def __len__(self) -> int:
        return len(self._pieces)

    def run(self, number: int, tensors: Tensors) -> Tensors:
        """Give the tensors that a piece makes of those that are there.

        Raises:
            ExtractorError: It does not run.
        """
        piece, session = self._pieces[number], self._sessions[number]
        if session is None:
            return {}
        try:
            made = session.run(list(piece.gives), {name: tensors[name] for name in piece.takes})
        except Exception as error:
            raise ExtractorError(f"piece {number} does not run: {first_line(error)}") from error
        return {name: np.asarray(value) for name, value in zip(piece.gives, made, strict=True)}
