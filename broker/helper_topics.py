"""The topics between an edge and its helpers, on the private broker; nothing here can name a frame.

Work and partial outputs go without acknowledgement: each is answered or missed within a frame's deadline, and
then asked of somebody else, which is surer than any broker's word and a third quicker.
"""

from typing import Final

from broker.bounds import MAX_JSON_BYTES, MAX_MAPS_BYTES, MAX_WEIGHTS_BYTES
from broker.helpers import (
    HelperCapacity,
    HelperPartial,
    HelperWeights,
    HelperWork,
    decode_capacity,
    decode_partial,
    decode_weights,
    decode_work,
    encode_capacity,
    encode_partial,
    encode_weights,
    encode_work,
)
from broker.topic import Grant, Private, Role, Topic

CAPACITY: Final = Topic(
    pattern="penumbra/helpers/{id}/capacity",
    side=Private,
    written=HelperCapacity,
    read=HelperCapacity,
    id_written=lambda capacity: capacity.helper,
    id_read=lambda capacity: capacity.helper,
    encode=encode_capacity,
    decode=decode_capacity,
    max_bytes=MAX_JSON_BYTES,
    retain=True,
    rate="on start",
    writers=(Grant(Role.HELPER, "own"),),
    readers=(Grant(Role.EDGE, "any"), Grant(Role.VIEWER, "any")),
    purpose="what a helper can do; `offline` by last will",
)

WEIGHTS: Final = Topic(
    pattern="penumbra/helpers/{id}/weights",
    side=Private,
    written=HelperWeights,
    read=HelperWeights,
    id_written=lambda weights: weights.helper,
    id_read=lambda weights: weights.helper,
    encode=encode_weights,
    decode=decode_weights,
    max_bytes=MAX_WEIGHTS_BYTES,
    retain=False,
    rate="when a plan changes",
    writers=(Grant(Role.EDGE, "any"),),
    readers=(Grant(Role.HELPER, "own"),),
    purpose="the weights of a helper's own segments",
)

WORK: Final = Topic(
    pattern="penumbra/helpers/{id}/work",
    side=Private,
    written=HelperWork,
    read=HelperWork,
    id_written=lambda work: work.helper,
    id_read=lambda work: work.helper,
    encode=encode_work,
    decode=decode_work,
    max_bytes=MAX_MAPS_BYTES,
    retain=False,
    rate="every frame and layer",
    writers=(Grant(Role.EDGE, "any"),),
    readers=(Grant(Role.HELPER, "own"),),
    purpose="a helper's own feature maps, never all of a layer before the split point",
    qos=0,
)

PARTIAL: Final = Topic(
    pattern="penumbra/helpers/{id}/partial",
    side=Private,
    written=HelperPartial,
    read=HelperPartial,
    id_written=lambda partial: partial.helper,
    id_read=lambda partial: partial.helper,
    encode=encode_partial,
    decode=decode_partial,
    max_bytes=MAX_MAPS_BYTES,
    retain=False,
    rate="every frame and layer",
    writers=(Grant(Role.HELPER, "own"),),
    readers=(Grant(Role.EDGE, "any"),),
    purpose="what a helper's maps add to a layer's output",
    qos=0,
)

HELPER_TOPICS: Final = (CAPACITY, WEIGHTS, WORK, PARTIAL)
