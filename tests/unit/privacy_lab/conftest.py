"""The lab's tests run on one thread: networks this small wait for threads more than they compute."""

import importlib.util

import pytest


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> None:
    if importlib.util.find_spec("torch") is not None:
        import torch  # noqa: PLC0415 - only where it is installed

        torch.set_num_threads(1)
