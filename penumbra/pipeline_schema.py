"""The pipeline file as one frozen value: two sides apart, and the edge between them.

```
Pipeline
├── site
├── private   broker, cameras, helpers this side sees pictures
├── edge      bundle | extractor, …    the only place where both sides meet
└── cloud     broker, redis, analyzers this side never sees a picture
```

Relative paths start at the folder of the file, which the validation's context names.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from penumbra.masking import has_password
from penumbra.pipeline_distributed import MAX_HELPERS, DistributedEntry
from penumbra.pipeline_elsewhere import HomeAssistant, WebhookEntry
from penumbra.pipeline_entry import Entry
from penumbra.pipeline_live import Live
from penumbra.pipeline_traces import CloudTraces, PrivateTraces
from penumbra.pipeline_values import (
    EnvironmentName,
    FileOrName,
    FilePath,
    NameText,
    Pause,
    PictureSize,
    PlainText,
    Seconds,
    SourceText,
    Switch,
    Zone,
    number,
    one_of,
    whole,
)

MAX_CAMERAS = 256
MAX_ANALYZERS = 32

_TWO_PLACES = "names its password twice. Keep password_file or password_env."
_EPSILON = number(1e-6, 1e9, "an amount of privacy loss")
_BUDGET = number(1e-6, 1e9, "a sum of epsilon_joint")
_TAKE_IT_OUT = (
    "holds a password. Take it out, and write password_file: PATH or password_env: NAME next to the address."
)


def _read_broker_address(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if has_password(text):
        raise ValueError(_TAKE_IT_OUT)
    if text.startswith(("mqtt://", "mqtts://")) and text.partition("://")[2].strip("/"):
        return text.strip()
    raise ValueError("is not the address of a broker. Write mqtt://HOST:1883 or mqtts://HOST:8883.")


def _read_redis_address(value: Any) -> str:
    if isinstance(value, str) and has_password(value):
        raise ValueError(_TAKE_IT_OUT)
    if isinstance(value, str) and value.startswith(("redis://", "rediss://", "unix://")):
        return value.strip()
    raise ValueError(
        "is not the address of a Redis. Write redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///PATH."
    )


def _short(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


@final
class BrokerEntry(Entry):
    """A broker that runs elsewhere: its address, and who one is there.

    `username` and its password serve every part. Where each part has an account of its own, as production
    brokers want it, `accounts` names the folder of passwords that `penumbra broker config` wrote: the part
    logs in as ROLE-NAME with the password in the file ROLE-NAME.password.
    """

    address: Annotated[str, BeforeValidator(_read_broker_address)]
    username: PlainText | None = None
    password_file: FilePath | None = None
    password_env: EnvironmentName | None = None
    accounts: FilePath | None = None
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.password_file is not None and self.password_env is not None:
            raise ValueError(_TWO_PLACES)
        if self.accounts is not None and (self.username or self.password_file or self.password_env):
            raise ValueError("names an account twice. Keep accounts, or username and its password.")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("names half a certificate. cert_file and key_file belong together.")
        return self


@final
class RedisEntry(Entry):
    """A Redis that runs elsewhere."""

    address: Annotated[str, BeforeValidator(_read_redis_address)]
    password_file: FilePath | None = None
    password_env: EnvironmentName | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.password_file is not None and self.password_env is not None:
            raise ValueError(_TWO_PLACES)
        return self


Extractor = Literal["bundle", "distributed", "shade"]
Broker = Annotated[BrokerEntry, BeforeValidator(_short)]
Redis = Annotated[RedisEntry, BeforeValidator(_short)]


@final
class CameraEntry(Entry):
    """One camera: where its pictures come from, and what is done to them before they leave it."""

    source: SourceText
    password_file: FilePath | None = None
    password_env: EnvironmentName | None = None
    fps: Annotated[float, number(0.01, 240, "a number of pictures a second")] | None = None
    size: PictureSize | None = None
    quality: Annotated[int, whole(1, 100, "a JPEG quality")] = 90
    loop: Switch = False
    pace: Annotated[Literal["realtime", "fast"], one_of("realtime", "fast")] = "realtime"
    privacy_zones: tuple[Zone, ...] = ()
    max_lag: Seconds | None = None
    window: Annotated[int, whole(1, 64, "a number of frames under way")] = 8

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.password_file is not None and self.password_env is not None:
            raise ValueError(_TWO_PLACES)
        return self


def _check_cameras(cameras: dict[str, CameraEntry]) -> Mapping[str, CameraEntry]:
    if not cameras:
        raise ValueError(
            'holds no camera. Add one, for example front-door: {source: "rtsp://192.0.2.7/stream"}.'
        )
    if len(cameras) > MAX_CAMERAS:
        raise ValueError(f"holds {len(cameras)} cameras. One pipeline file runs at most {MAX_CAMERAS}.")
    return MappingProxyType(cameras)


@final
class PrivateSide(Entry):
    """The side that sees pictures; without a broker one is started here.

    `helpers` says how many helping devices run on this machine: they see feature maps, never a picture.
    """

    broker: Broker | None = None
    helpers: Annotated[int, whole(0, MAX_HELPERS, "a number of helpers")] | None = None
    traces: PrivateTraces | None = None
    cameras: Annotated[dict[NameText, CameraEntry], AfterValidator(_check_cameras)] = Field(
        default_factory=dict
    )


@final
class PolicyEntry(Entry):
    """What a bundle must prove before it may send anything; a limit on attacks demands a certificate.

    Attributes:
        require_certificate: It brings the record of the attacks that it was put to.
        max_ssim_over_floor: How much more similar to the original than the mean picture the best
            reconstruction may be; at 0 it is no better than guessing.
        max_identity_rank1: Share of people who may be found first in a gallery of strangers.
        min_rank_privacy: Mean rank of the true record in the gallery, as a share of it: 0.5 is the most.
        max_epsilon_joint: Privacy loss that one message may have, all numbers of all its regions together.
    """

    require_certificate: Switch = False
    max_ssim_over_floor: Annotated[float, number(0, 1, "an SSIM over the floor")] | None = None
    max_identity_rank1: Annotated[float, number(0, 1, "a share of people")] | None = None
    min_rank_privacy: Annotated[float, number(0, 1, "a share of the gallery")] | None = None
    max_epsilon_joint: Annotated[float, _EPSILON] | None = None


@final
class NoiseEntry(Entry):
    """Another amount of noise than the bundle's own; exactly one epsilon is given.

    Attributes:
        epsilon_per_coordinate: Of each number by itself, for a bundle with noise as published.
        epsilon_joint: Of all numbers of a region together, for the others.
        delta: Probability with which epsilon_joint may not hold, for Gaussian noise.
    """

    epsilon_per_coordinate: Annotated[float, _EPSILON] | None = None
    epsilon_joint: Annotated[float, _EPSILON] | None = None
    delta: Annotated[float, number(1e-18, 0.1, "a probability that may be neglected")] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.epsilon_per_coordinate is None) == (self.epsilon_joint is None):
            raise ValueError("holds no epsilon or two. Write epsilon_joint or epsilon_per_coordinate.")
        return self


@final
class BudgetEntry(Entry):
    """What each camera may spend of its privacy, for a bundle with noise; a limit needs a joint guarantee.

    Attributes:
        minute: The largest sum of epsilon_joint of all that is released in a minute.
        hour: In an hour.
        day: In a day (UTC).
        when_spent: `hold` frames back until the window is over, or `widen` the noise as it runs out.
        repeat_unchanged: Whether what has not changed is answered with the value released before.
        unchanged_within: How far its numbers may be from those of that release: distance over their norm.
        fresh_every: For so long a region's value is repeated, whatever it shows.
    """

    minute: Annotated[float, _BUDGET] | None = None
    hour: Annotated[float, _BUDGET] | None = None
    day: Annotated[float, _BUDGET] | None = None
    when_spent: Annotated[Literal["hold", "widen"], one_of("hold", "widen")] = "hold"
    repeat_unchanged: Switch = True
    unchanged_within: Annotated[float, number(0, 1, "a share of the numbers' norm")] = 0.05
    fresh_every: Pause = 0.0


@final
class EdgeEntry(Entry):
    """The edge node: how a picture becomes what may leave."""

    name: NameText = "edge"
    extractor: Annotated[Extractor, one_of("bundle", "distributed", "shade")] | None = None
    distributed: DistributedEntry | None = None
    bundle: FileOrName | None = None
    regions: Annotated[Literal["faces", "whole"], one_of("faces", "whole")] | None = None
    detector: FileOrName = "centerface"
    detection_size: PictureSize | None = None
    threshold: Annotated[float, number(0.01, 0.99, "a score")] | None = None
    dilate: Annotated[float, number(0, 4, "a share by which a box grows")] | None = None
    hold: Annotated[int, whole(0, 1000, "a number of detections to hold a box")] | None = None
    hold_seconds: Seconds | None = None
    detect_every: Annotated[int, whole(1, 1000, "a number of frames between detections")] | None = None
    shade: Annotated[Literal["solid", "blur", "mosaic"], one_of("solid", "blur", "mosaic")] | None = None
    shade_shape: Annotated[Literal["box", "ellipse"], one_of("box", "ellipse")] | None = None
    max_lag: Seconds | None = None
    policy: PolicyEntry = PolicyEntry()
    noise: NoiseEntry | None = None
    budget: BudgetEntry = BudgetEntry()
    key_file: FilePath | None = None
    home_assistant: HomeAssistant | None = None
    webhook: WebhookEntry | None = None
    live: Live = None
    in_flight: Annotated[int, whole(1, 256, "a number of unanswered frames")] = 8
    answer_timeout: Seconds | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind != "shade" and (self.shade or self.shade_shape):
            raise ValueError("says how faces are shaded, which needs extractor: shade.")
        if self.kind == "shade" and self.noise:
            raise ValueError("asks for noise, which shaded pictures do not get. Write extractor: bundle.")
        if self.kind != "distributed" and self.distributed:
            raise ValueError("says how it is spread over helpers, which needs extractor: distributed.")
        return self

    @property
    def kind(self) -> Extractor:
        """What turns a picture into what may leave."""
        return self.extractor or "bundle"


@final
class CloudSide(Entry):
    """The side that never sees a picture; without a broker or Redis each is started here."""

    broker: Broker | None = None
    redis: Redis | None = None
    analyzers: Annotated[int, whole(0, MAX_ANALYZERS, "a number of analyzers")] = 1
    traces: CloudTraces | None = None


@final
class Pipeline(Entry):
    """Everything that `penumbra` runs, checked as a whole."""

    site: NameText = "home"
    private: PrivateSide = PrivateSide()
    edge: EdgeEntry = EdgeEntry()
    cloud: CloudSide = CloudSide()
