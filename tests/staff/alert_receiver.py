"""A service that alerts are sent to: real HTTP, notes what it took."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Takes ``json://127.0.0.1:<port>/<path>`` of Apprise; answers as it is told."""

    def __init__(self):
        self.taken = []  # (path, payload) of what was answered with 200
        self.refused = 0
        self.status, self.seconds = 200, 0.0
        self.choose, self.delay = lambda: self.status, lambda: self.seconds
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def channel(self, path):
        return f"json://127.0.0.1:{self.port}/{path}"

    def bodies(self, path):
        with self._lock:
            return [said["message"] for where, said in self.taken if where == path]

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _take(self, path, payload):
        status = self.choose()
        with self._lock:
            if status == 200:
                self.taken.append((path.strip("/"), payload))
            else:
                self.refused += 1
        return status

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                said = self.rfile.read(length)
                if len(said) < length:
                    return  # the sender was killed half-way
                payload = json.loads(said)
                time.sleep(receiver.delay())
                status = receiver._take(self.path, payload)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        return Handler
