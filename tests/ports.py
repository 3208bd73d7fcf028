"""Free ports for tests, outside of those that the system gives to outgoing calls."""

import random
import socket

HOST = "127.0.0.1"
# Linux gives 32768 and above to whoever calls out: such a port is soon taken.
PORTS = range(20000, 32000)
_given = set()


def free_port():
    """A port that nobody listens on, and that this process was not given before."""
    return free_ports(1)[0]


def free_ports(count):
    """Several of them, all different."""
    dice, found = random.SystemRandom(), []
    while len(found) < count:
        port = dice.choice(PORTS)
        if port not in _given and _is_free(port):
            _given.add(port)
            found.append(port)
    return found


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
