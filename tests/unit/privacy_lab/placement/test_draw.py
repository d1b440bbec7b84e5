import cv2
import numpy as np

from feature_node.placement.place import place
from privacy_lab.placement.draw import draw_plan
from tests.unit.feature_node.placement.made import CAPPED, SMALL, alike


def test_a_drawing_names_devices_and_layers_and_is_the_same_each_time() -> None:
    plan = place(SMALL, alike(3), CAPPED)
    drawn = draw_plan(plan, SMALL, "svg")
    for word in ("source", "h0", "h2", "conv2", "fc1", "SSIM at most 0.4"):
        assert word in drawn.decode()
    assert draw_plan(plan, SMALL, "svg") == drawn


def test_a_drawing_can_be_a_png() -> None:
    data = draw_plan(place(SMALL, alike(3), CAPPED), SMALL, "png")
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
