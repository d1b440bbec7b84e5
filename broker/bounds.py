"""The limits that every message keeps, in one place: what a decoder checks before it allocates."""

from typing import Final

MAX_SIDE: Final = 8192
"""Pixels along one side of a picture."""
MAX_PIXELS: Final = 50_000_000
"""Pixels of a whole picture: 150 MB once decoded."""
MAX_JPEG_BYTES: Final = 16 * 2**20
"""Bytes of one compressed picture."""
MAX_REGIONS: Final = 256
"""Regions (faces, say) of one frame."""
MAX_REGION_BYTES: Final = 2**20
"""Bytes of one region's numbers: an early split of a large network still fits."""
MAX_LABEL: Final = 64
"""Characters of a label, a reason or another short word."""
MAX_DETAIL: Final = 500
"""Characters of a status's free text."""
ENVELOPE_BYTES: Final = 4096
"""Bytes that a message may need besides its payload."""

MAX_WEIGHTS_BYTES: Final = MAX_JPEG_BYTES + ENVELOPE_BYTES
"""Bytes of one slice of a layer's weights: a message with a whole layer of VGG still fits."""
MAX_MAPS_BYTES: Final = MAX_JPEG_BYTES + ENVELOPE_BYTES
"""Bytes of the feature maps that one helper gets or gives back at once."""
MAX_FRAME_BYTES: Final = MAX_JPEG_BYTES + ENVELOPE_BYTES
MAX_FEATURES_BYTES: Final = MAX_JPEG_BYTES + ENVELOPE_BYTES
MAX_RESULT_BYTES: Final = MAX_REGIONS * (MAX_LABEL * 4 + 16) + ENVELOPE_BYTES
MAX_JSON_BYTES: Final = 256 * 1024
MAX_HOME_BYTES: Final = 16 * 1024
"""Bytes of what is said to Home Assistant: a device with all its parts, or a camera's newest answer."""
MAX_HOME_LABELS: Final = 32
"""Different labels of one answer that Home Assistant is told of."""
