"""Where a request comes from, seen through the proxies that we trust."""

from __future__ import annotations

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest

FORWARDING_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
IPV6_PREFIX = 64  # what one customer gets; single addresses are theirs to choose


def address_of(request: HttpRequest) -> str:
    """The client's network address, as a name to count by.

    ``X-Forwarded-For`` is read from the right, one entry for each of
    ``TRUSTED_PROXIES``: what stands further left is the client's own word. A request
    that has passed fewer proxies than that counts by its own connection.
    """
    connection = str(request.META.get("REMOTE_ADDR") or "")
    proxies = settings.TRUSTED_PROXIES
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR") or "").split(",")
    claimed = forwarded[-proxies] if 0 < proxies <= len(forwarded) else ""
    return _network(claimed) or _network(connection) or "unknown"


def is_from_operator(request: HttpRequest) -> bool:
    """Whether a request comes from this machine itself, or with our own token.

    One that names another origin was passed on by a proxy here: it needs the token.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip().encode("utf-8", "surrogateescape")
    ours = settings.RASA_AUTH_TOKEN.encode()
    if kind.lower() == "bearer" and hmac.compare_digest(given, ours):
        return True
    if any(request.META.get(name) for name in FORWARDING_HEADERS):
        return False
    try:
        connection = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR")))
    except ValueError:
        return False
    return _plain(connection).is_loopback


def _network(text: str) -> str | None:
    """An address without port; an IPv6 one as its network."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that is written as an IPv6 one, as itself."""
    return getattr(address, "ipv4_mapped", None) or address
