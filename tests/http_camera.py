"""An HTTP camera for the tests: motion JPEG without an end, for whoever gives an account."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def http_camera(jpegs: list[bytes] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Serve pictures in turn, about 50 a second; 404 where there are none.

    Yields:
        The port, and each request's Authorization header.
    """
    requests: list[str] = []
    leave = threading.Event()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.headers.get("Authorization", ""))
            if jpegs is None:
                self.send_error(404)
                return
            if "Authorization" not in self.headers:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            number = 0
            while not leave.wait(0.02):
                jpeg = jpegs[number % len(jpegs)]
                number += 1
                try:
                    self.wfile.write(
                        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
                        % (len(jpeg), jpeg)
                    )
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, requests
    finally:
        leave.set()
        server.shutdown()
        server.server_close()
        thread.join()
