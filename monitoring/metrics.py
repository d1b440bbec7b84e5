"""Every metric that Penumbra exports, in one place: names, units, labels, buckets.

Base units, one prefix, `_total` on counters (https://prometheus.io/docs/practices/naming/). Labels name
cameras on the private side alone; nothing exported by an analyzer can name one.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info

HOP_BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
)

BUILD_INFO: Final = Info("penumbra_build", "Version of Penumbra and of Python, and the node's role.")
READY: Final = Gauge("penumbra_ready", "Whether the node is alive and none of its checks has failed.")
CHECK_STATE: Final = Gauge(
    "penumbra_check_state",
    "1 for the state (ok, degraded, failed) that a check finds, 0 for the others.",
    ["check", "state"],
)

# --- camera ---------------------------------------------------------------------------------------
SOURCE_UP: Final = Gauge("penumbra_source_up", "Whether the camera delivers pictures now.", ["camera"])
SOURCE_STATE: Final = Gauge(
    "penumbra_source_state", "1 for the state that the camera is in, 0 for the others.", ["camera", "state"]
)
SOURCE_FPS: Final = Gauge("penumbra_source_frames_per_second", "Pictures a second, of late.", ["camera"])
FRAMES_READ: Final = Counter("penumbra_frames_read_total", "Pictures read from the source.", ["camera"])
FRAMES_SENT: Final = Counter("penumbra_frames_sent_total", "Pictures the private broker took.", ["camera"])
FRAMES_RETRANSMITTED: Final = Counter(
    "penumbra_frames_retransmitted_total", "Pictures sent again because no answer came home.", ["camera"]
)
RECONNECTS: Final = Counter(
    "penumbra_source_reconnects_total", "Times a source was opened again.", ["camera"]
)

# --- every node that drops or refuses ---------------------------------------------------------------
DROPPED: Final = Counter(
    "penumbra_frames_dropped_total", "Pictures that were not processed, by reason.", ["camera", "reason"]
)
REFUSED_MESSAGES: Final = Counter(
    "penumbra_messages_refused_total",
    "Messages that were not let in, by topic and reason.",
    ["topic", "reason"],
)
QUEUE_LENGTH: Final = Gauge("penumbra_queue_length", "Entries waiting in a bounded queue.", ["queue"])
QUEUE_CAPACITY: Final = Gauge("penumbra_queue_capacity", "Entries that a bounded queue can hold.", ["queue"])

SPANS: Final = Counter(
    "penumbra_trace_spans_total",
    "Spans of traces: exported, or lost to a full queue (overflow) or a collector (unreachable).",
    ["outcome"],
)

# --- links -----------------------------------------------------------------------------------------
LINK_UP: Final = Gauge("penumbra_link_up", "Whether the link to the broker stands.", ["side"])
LINK_CONNECTS: Final = Counter("penumbra_link_connects_total", "Times a link was established.", ["side"])
SENT_BYTES: Final = Counter("penumbra_sent_bytes_total", "Bytes that a broker took.", ["side", "topic"])
SENT: Final = Counter("penumbra_sent_messages_total", "Messages that a broker took.", ["side", "topic"])
RECEIVED_BYTES: Final = Counter("penumbra_received_bytes_total", "Bytes that came in.", ["side", "topic"])
RECEIVED: Final = Counter("penumbra_received_messages_total", "Messages that came in.", ["side", "topic"])

# --- the live page ---------------------------------------------------------------------------------
LIVE_WATCHERS: Final = Gauge("penumbra_live_watchers", "Live pages that are open now.")
LIVE_REFUSED: Final = Counter(
    "penumbra_live_refused_total",
    "Requests of the live page that were refused: token, host, origin, full, slow, error.",
    ["reason"],
)
LIVE_STATES_SKIPPED: Final = Counter(
    "penumbra_live_states_skipped_total", "States that a slow page missed, because a newer one had come."
)
LIVE_FRAMES_SKIPPED: Final = Counter(
    "penumbra_live_frames_skipped_total",
    "Frames that the live page did not show: superseded by a newer one, not-drawn, too-many-cameras.",
    ["reason"],
)

# --- edge ------------------------------------------------------------------------------------------
HOP_SECONDS: Final = Histogram(
    "penumbra_hop_seconds", "Time that a frame spends in one part of its way.", ["hop"], buckets=HOP_BUCKETS
)
AGE_SECONDS: Final = Histogram(
    "penumbra_answer_age_seconds", "From capture to the answer at home.", ["camera"], buckets=HOP_BUCKETS
)
ANSWERS: Final = Counter("penumbra_answers_total", "Frames answered or refused.", ["camera", "outcome"])
REGIONS: Final = Counter("penumbra_regions_total", "Regions (faces, say) that were found.", ["camera"])
AS_JPEG_BYTES: Final = Counter(
    "penumbra_as_jpeg_bytes_total", "Bytes that would have crossed if the edge sent the pictures.", ["camera"]
)
CLOUD_BYTES: Final = Counter(
    "penumbra_cloud_bytes_total", "Bytes of features that crossed to the cloud.", ["camera"]
)
GATE_REFUSALS: Final = Counter(
    "penumbra_gate_refusals_total", "Frames that the edge held back, by reason.", ["camera", "reason"]
)
DETECTIONS: Final = Counter(
    "penumbra_detections_total", "Pictures the detector looked at, or was spared.", ["outcome"]
)
RELEASES: Final = Counter(
    "penumbra_releases_total",
    "Regions released with noise: fresh (a new draw), repeated (the same value again), widened (more noise).",
    ["camera", "kind"],
)
EPSILON_JOINT: Final = Gauge(
    "penumbra_epsilon_joint",
    "Privacy loss that the last message was charged, all numbers together.",
    ["camera"],
)
EPSILON_PER_COORDINATE: Final = Gauge(
    "penumbra_epsilon_per_coordinate", "Privacy loss of one number of the last message by itself.", ["camera"]
)
BUDGET_SPENT: Final = Gauge(
    "penumbra_budget_spent", "Sum of epsilon_joint in the current window (UTC).", ["camera", "window"]
)
BUDGET_LIMIT: Final = Gauge(
    "penumbra_budget_limit", "The sum of epsilon_joint that a window allows a camera.", ["window"]
)
EXTRACTOR_INFO: Final = Info(
    "penumbra_extractor", "What leaves: the bundle, numbers or a picture, the question asked, the noise."
)
CERTIFICATE_FIGURE: Final = Gauge(
    "penumbra_certificate_figure",
    "A figure of the bundle's certificate: what attackers reached, shares and similarities from 0 to 1.",
    ["figure"],
)
IN_FLIGHT: Final = Gauge("penumbra_in_flight", "Features that wait for their result.", ["camera"])
CLOCK_OFFSET_SECONDS: Final = Gauge(
    "penumbra_clock_offset_seconds", "How far the other's clock is ahead of this node's.", ["peer"]
)

# --- an edge that brings answers elsewhere ---------------------------------------------------------------
WEBHOOK_DELIVERED: Final = Counter("penumbra_webhook_delivered_total", "Answers that the webhook took.")
WEBHOOK_ATTEMPTS: Final = Counter(
    "penumbra_webhook_attempts_total", "Attempts to post an answer, by how they went.", ["outcome"]
)
WEBHOOK_DROPPED: Final = Counter(
    "penumbra_webhook_dropped_total", "Answers that the webhook was to hear of and did not.", ["reason"]
)
WEBHOOK_SECONDS: Final = Histogram(
    "penumbra_webhook_seconds", "From an answer at home until the webhook took it.", buckets=HOP_BUCKETS
)
HOME_ASSISTANT_SENT: Final = Counter(
    "penumbra_home_assistant_sent_total", "Devices and answers that Home Assistant was told.", ["kind"]
)
HOME_ASSISTANT_DROPPED: Final = Counter(
    "penumbra_home_assistant_dropped_total",
    "Changed answers that Home Assistant was not told: a newer one came first, or too many cameras.",
    ["reason"],
)

# --- an edge that spreads its extractor over helpers ---------------------------------------------------
HELPERS_PRESENT: Final = Gauge("penumbra_helpers_present", "Helpers that have announced themselves.")
HELPER_MAPS: Final = Gauge("penumbra_helper_maps", "Feature maps that a helper holds.", ["helper", "layer"])
HELPER_MAPS_SEEN: Final = Gauge(
    "penumbra_helper_maps_seen", "Different feature maps that a helper ever received.", ["helper", "layer"]
)
HELPER_MAPS_CAP: Final = Gauge(
    "penumbra_helper_maps_cap", "Different feature maps that one helper may ever receive.", ["layer"]
)
HELPER_SENT_BYTES: Final = Counter(
    "penumbra_helper_sent_bytes_total", "Bytes of weights and maps that a helper was sent.", ["helper"]
)
HELPER_RECEIVED_BYTES: Final = Counter(
    "penumbra_helper_received_bytes_total", "Bytes of partial outputs that a helper gave back.", ["helper"]
)
HELPER_SECONDS: Final = Histogram(
    "penumbra_helper_seconds",
    "From handing a layer's maps to a helper to its partial output.",
    ["helper"],
    buckets=HOP_BUCKETS,
)
HELPER_FAILURES: Final = Counter(
    "penumbra_helper_failures_total",
    "Times that a helper gave nothing usable, by reason.",
    ["helper", "reason"],
)
HELPER_REFUSED: Final = Counter(
    "penumbra_helper_partials_refused_total", "Partial outputs that were not used, by reason.", ["reason"]
)
HELPERS_REPLACED: Final = Counter(
    "penumbra_layers_replanned_total", "Layers of a frame whose maps were handed out again to others."
)
PLACEMENTS: Final = Counter(
    "penumbra_placements_total", "Placements that were planned, and attempts that failed.", ["outcome"]
)
PLACEMENT_STATE: Final = Gauge(
    "penumbra_placement_state",
    "1 for what is true now of an edge that spreads its extractor (placed, none), 0 for the other.",
    ["state"],
)
PLACEMENT_SECONDS: Final = Gauge(
    "penumbra_placement_expected_seconds", "What the planner expects the layers of one picture to take."
)

# --- helper ------------------------------------------------------------------------------------------
WORK: Final = Counter("penumbra_work_total", "Work that this helper did or refused, by outcome.", ["outcome"])
WORK_SECONDS: Final = Histogram(
    "penumbra_work_seconds", "Time that one piece of work took to compute.", buckets=HOP_BUCKETS
)
WEIGHTS_BYTES: Final = Gauge("penumbra_weights_bytes", "Weights that this helper keeps.")

# --- analyzer --------------------------------------------------------------------------------------
CACHE: Final = Counter(
    "penumbra_cache_lookups_total", "Look-ups in the cache: hit, miss, error, skipped.", ["outcome"]
)
CACHE_ERRORS: Final = Counter(
    "penumbra_cache_errors_total", "Times the cache was away, or a value was damaged or refused.", ["reason"]
)
CACHE_UP: Final = Gauge("penumbra_cache_up", "Whether the cache answers.")
RESULTS: Final = Counter("penumbra_results_total", "Results sent, by outcome.", ["outcome"])
BATCH_REGIONS: Final = Histogram(
    "penumbra_batch_regions",
    "Regions that the analyzer network answered at once.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
NETWORK_SECONDS: Final = Histogram(
    "penumbra_network_seconds", "Time of one run of the analyzer network.", buckets=HOP_BUCKETS
)


def describe_build(version: str, python: str, role: str) -> None:
    """Export what is running; no process id, no command line."""
    BUILD_INFO.info({"version": version, "python": python, "role": role})
