"""Chooses the reader for an order; known to the capture process alone."""

from pathlib import Path

from camera_node.capture_wire import Order
from camera_node.decoder_log import DecoderLog
from camera_node.demo_reader import DemoReader
from camera_node.device_reader import DeviceReader
from camera_node.folder_reader import SUFFIXES, FolderReader
from camera_node.reader import Reader
from camera_node.source_kind import device_path
from camera_node.stream_reader import StreamReader
from camera_node.video_reader import VideoReader


def reader_for(order: Order, log: DecoderLog) -> Reader:
    """Make the reader of the ordered source, not yet open."""
    match order.kind:
        case "file":
            path = Path(order.source)
            return FolderReader(path) if path.suffix.lower() in SUFFIXES else VideoReader(path, log)
        case "folder":
            return FolderReader(Path(order.source))
        case "rtsp" | "http":
            return StreamReader(order.source, order.open_timeout, order.read_timeout, log)
        case "device":
            return DeviceReader(device_path(order.source), order.fps, order.size)
        case "demo":
            return DemoReader(order.fps, order.size)
