"""The six digits that an authenticator app shows (RFC 6238)."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret, ahead=0):
    """Now, or so many half minutes ahead."""
    counter = int(time.time()) // 30 + ahead
    key = base64.b32decode(secret, casefold=True)
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
