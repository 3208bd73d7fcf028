"""Where a request comes from: forwarded headers, and who may see the health pages."""

import pytest
from django.http import HttpRequest

from frontdesk.chat.addresses import address_of, is_from_operator

from tests.frontdesk.gateway_for_tests import ENVIRONMENT  # isort: skip

TOKEN = ENVIRONMENT["RASA_AUTH_TOKEN"]


def a_request(connection="10.0.0.1", **headers):
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": connection}
    for name, value in headers.items():
        request.META[f"HTTP_{name.upper()}"] = value
    return request


@pytest.mark.parametrize("proxies, connection, forwarded, address", [
    # Without proxies of ours the header is the client's own word.
    (0, "203.0.113.9",      "198.51.100.7",                    "203.0.113.9"),
    (0, "203.0.113.9",      "",                                "203.0.113.9"),
    (1, "10.0.0.1",         "198.51.100.7",                    "198.51.100.7"),
    (1, "10.0.0.1",         "1.1.1.1, 2.2.2.2, 198.51.100.7",  "198.51.100.7"),
    (2, "10.0.0.1",         "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
    # Fewer entries than proxies: it came by another way.
    (2, "203.0.113.9",      "198.51.100.7",                    "203.0.113.9"),
    (1, "203.0.113.9",      "",                                "203.0.113.9"),
    # What is no address counts for nothing.
    (1, "203.0.113.9",      "unknown",                         "203.0.113.9"),
    (1, "203.0.113.9",      "<script>",                        "203.0.113.9"),
    # Ports, quotes and brackets as some proxies write them.
    (1, "10.0.0.1",         "198.51.100.7:4711",               "198.51.100.7"),
    (1, "10.0.0.1",         '"[2001:db8:1:2::7]:4711"',        "2001:db8:1:2::/64"),
    (1, "10.0.0.1",         " 2001:db8:1:2::7 ",               "2001:db8:1:2::/64"),
    # One customer has a whole network of IPv6 addresses.
    (0, "2001:db8:1:2::7",  "",                                "2001:db8:1:2::/64"),
    (0, "2001:db8:1:2:9::", "",                                "2001:db8:1:2::/64"),
    (0, "fe80::1%eth0",     "",                                "fe80::/64"),
    (0, "::ffff:192.0.2.1", "",                                "192.0.2.1"),
    (0, "",                 "198.51.100.7",                    "unknown"),
])  # fmt: skip
def test_address(change, proxies, connection, forwarded, address):
    change(TRUSTED_PROXIES=proxies)

    assert address_of(a_request(connection, x_forwarded_for=forwarded)) == address


@pytest.mark.parametrize("connection, headers, allowed", [
    ("127.0.0.1",        {},                                       True),
    ("127.1.2.3",        {},                                       True),
    ("::1",              {},                                       True),
    ("::ffff:127.0.0.1", {},                                       True),
    ("203.0.113.9",      {},                                       False),
    ("10.0.0.1",         {},                                       False),
    ("",                 {},                                       False),
    # A proxy on this machine passes on what comes from elsewhere.
    ("127.0.0.1",        {"x_forwarded_for": "203.0.113.9"},       False),
    ("127.0.0.1",        {"x_forwarded_for": "127.0.0.1"},         False),
    ("127.0.0.1",        {"x_real_ip": "203.0.113.9"},             False),
    ("127.0.0.1",        {"forwarded": "for=203.0.113.9"},         False),
    ("203.0.113.9",      {"authorization": f"Bearer {TOKEN}"},     True),
    ("203.0.113.9",      {"authorization": f"bearer  {TOKEN} "},   True),
    ("203.0.113.9",      {"authorization": f"Basic {TOKEN}"},      False),
    ("203.0.113.9",      {"authorization": "Bearer wrong"},        False),
    ("203.0.113.9",      {"authorization": "Bearer \udcff"},       False),
    ("203.0.113.9",      {"authorization": "Bearer"},              False),
])  # fmt: skip
def test_operator(connection, headers, allowed):
    assert is_from_operator(a_request(connection, **headers)) is allowed
