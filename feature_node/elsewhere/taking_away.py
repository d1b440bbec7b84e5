"""Takes devices away from Home Assistant by hand: those of cameras that are gone, or all."""

import secrets
from collections.abc import Iterable
from typing import Final

from broker.home_messages import Discovery, NoState
from broker.home_topics import HOME_STATES, discovery
from broker.mqtt import mqtt_link
from broker.topic import Private
from feature_node.elsewhere.announced import Announced
from feature_node.elsewhere.home_device import camera_id, edge_id
from feature_node.elsewhere.settings import HomeAssistantSettings

CONNECT_SECONDS: Final = 10.0


async def take_away(
    settings: HomeAssistantSettings, announced: Announced, cameras: Iterable[str], node: str | None
) -> None:
    """Make Home Assistant and the broker forget cameras, and the edge `node` where one is named.

    Raises:
        Unreachable: The broker is not there, or refuses the account.
        Undelivered: It takes no message.
        BadSettings: The record of what was announced cannot be written.
    """
    link = mqtt_link(Private, settings.address, client_id=f"penumbra-take-away-{secrets.token_hex(4)}")
    devices, states = link.publisher(discovery(settings.discovery_prefix)), link.publisher(HOME_STATES)
    async with link:
        await link.wait_connected(CONNECT_SECONDS)
        for camera in cameras:
            await devices.send(Discovery(camera_id(camera), None))
            await states.send(NoState(camera))
            announced.remove(camera)
        if node is not None:
            await devices.send(Discovery(edge_id(node), None))
