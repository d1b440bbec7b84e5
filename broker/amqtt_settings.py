"""What the embedded amqtt broker is told on its standard input; holds passwords, so it is never printed."""

import msgspec


class AmqttAccount(msgspec.Struct, frozen=True):
    """One account: its password, and the topic filters it may write to and read from."""

    password: str
    write: tuple[str, ...]
    read: tuple[str, ...]

    def __repr__(self) -> str:
        return f"AmqttAccount(password=***, write={self.write!r}, read={self.read!r})"


class AmqttSettings(msgspec.Struct, frozen=True):
    """The whole of its settings.

    Attributes:
        port: Loopback port to listen on.
        max_packet_bytes: A client that sends a longer packet is cut off.
        max_queued_messages: What a slow subscriber may have waiting; more is dropped, the newest first.
        accounts: Everyone who may connect, by user name.
    """

    port: int
    max_packet_bytes: int
    max_queued_messages: int
    accounts: dict[str, AmqttAccount]
