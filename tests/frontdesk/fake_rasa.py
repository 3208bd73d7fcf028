"""A process that speaks the front desk's channel of Rasa; it may be killed.

``python tests/frontdesk/fake_rasa.py PORT``. What it says follows from what it hears.
"""

import json
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_SECONDS = 0.3
PARSE = {"intent": "ask_cost", "confidence": 0.9, "safety": {"level": "none"}}


def replies_to(text):
    """The bubbles it answers with, one or two."""
    bubbles = [f"You say: {text}."]
    return [*bubbles, f"More on: {text}."] if len(text) % 2 else bubbles


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(random.uniform(0, LONGEST_SECONDS))
        said = replies_to(asked.get("text") or asked["button"])
        messages = [
            {"text": text, "route": "faq", "topic": "cost", "response": "utter_cost"}
            for text in said
        ]
        self._answer({"messages": messages, "parse": PARSE, "model": "fake"})

    def do_GET(self):
        self._answer({"status": "ok"})

    do_DELETE = do_GET

    def _answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
