"""An RTSP camera for the tests: an H.264 clip, looped for ever, over GStreamer's RTSP server.

Run by the system's Python, which has GStreamer's bindings, not by the tests' own:
`python3 rtsp_server.py CLIP.h264 [PORT [USER PASSWORD]]`. Prints its port on one line when it serves
`rtsp://127.0.0.1:PORT/live`. `tests/rtsp.py` starts it.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - their versions are chosen first

LAUNCH = (
    '( multifilesrc location="{clip}" loop=true ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )'
)


def protect(server, factory, user, password):
    """Let in one account alone."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    allowed = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    factory.add_role_from_structure(Gst.Structure.from_string(allowed)[0])


def main():
    clip, port, *account = [*sys.argv[1:], "0"][: max(2, len(sys.argv) - 1)]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH.format(clip=clip))
    factory.set_shared(True)
    if account:
        protect(server, factory, *account)
    server.get_mount_points().add_factory("/live", factory)
    if server.attach(None) == 0:
        sys.exit(f"port {port} is taken")
    print(server.get_bound_port(), flush=True)  # noqa: T201 - for who started it
    GLib.MainLoop().run()


main()
