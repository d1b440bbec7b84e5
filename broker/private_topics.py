"""The topics of the private broker. No node of the cloud side imports this."""

from typing import Final

from broker.answers import Answer, decode_answer, encode_answer
from broker.bounds import MAX_FRAME_BYTES, MAX_JSON_BYTES
from broker.frames import Frame, decode_frame, encode_frame
from broker.status import (
    CameraStatus,
    NodeStatus,
    decode_camera_status,
    decode_node_status,
    encode_camera_status,
    encode_node_status,
)
from broker.topic import Grant, Private, Role, Topic

FRAMES: Final = Topic(
    pattern="penumbra/frames/{id}",
    side=Private,
    written=Frame,
    read=Frame,
    id_written=lambda frame: frame.camera,
    id_read=lambda frame: frame.camera,
    encode=encode_frame,
    decode=decode_frame,
    max_bytes=MAX_FRAME_BYTES,
    retain=False,
    rate="every picture",
    writers=(Grant(Role.CAMERA, "own"),),
    readers=(Grant(Role.EDGE, "any"),),
    purpose="pictures, from the cameras to the edge; they exist on this broker alone",
)

ANSWERS: Final = Topic(
    pattern="penumbra/results/camera/{id}",
    side=Private,
    written=Answer,
    read=Answer,
    id_written=lambda answer: answer.camera,
    id_read=lambda answer: answer.camera,
    encode=encode_answer,
    decode=decode_answer,
    max_bytes=MAX_JSON_BYTES,
    retain=False,
    rate="every picture",
    writers=(Grant(Role.EDGE, "any"),),
    readers=(Grant(Role.CAMERA, "own"), Grant(Role.VIEWER, "any")),
    purpose="results brought home; a camera that replays a file waits for its own",
)

CAMERA_STATUS: Final = Topic(
    pattern="penumbra/status/camera/{id}",
    side=Private,
    written=CameraStatus,
    read=CameraStatus,
    id_written=lambda status: status.camera,
    id_read=lambda status: status.camera,
    encode=encode_camera_status,
    decode=decode_camera_status,
    max_bytes=MAX_JSON_BYTES,
    retain=True,
    rate="on change, and every 2 s",
    writers=(Grant(Role.CAMERA, "own"),),
    readers=(Grant(Role.VIEWER, "any"), Grant(Role.EDGE, "any"), Grant(Role.HOME_ASSISTANT, "any")),
    purpose="how each camera is; `offline` by last will",
)

NODE_STATUS: Final = Topic(
    pattern="penumbra/status/{id}",
    side=Private,
    written=NodeStatus,
    read=NodeStatus,
    id_written=lambda status: status.node,
    id_read=lambda status: status.node,
    encode=encode_node_status,
    decode=decode_node_status,
    max_bytes=MAX_JSON_BYTES,
    retain=True,
    rate="on change, and every 2 s",
    writers=(Grant(Role.EDGE, "own"),),
    readers=(Grant(Role.VIEWER, "any"), Grant(Role.HOME_ASSISTANT, "any")),
    purpose="how each edge node is; `offline` by last will",
)

PRIVATE_TOPICS: Final = (FRAMES, ANSWERS, CAMERA_STATUS, NODE_STATUS)
