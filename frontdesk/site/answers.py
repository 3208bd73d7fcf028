"""HTTP answers of the site: strict headers, gzip, no copy where nothing has changed."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse

from frontdesk.site.files import ServedFile

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
NOT_HERE = "camera=(), geolocation=(), microphone=(), payment=()"


def content_policy(frame_ancestors: Iterable[str] = ()) -> str:
    """A policy that allows our own files alone.

    Args:
        frame_ancestors: who may show the page in a frame; nobody if empty.
    """
    sources = ("script", "style", "img", "connect")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{source}-src 'self'" for source in sources),
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(frame_ancestors) or "'none'"}",
        ]
    )


def page_answer(request: HttpRequest, html: str, policy: str) -> HttpResponse:
    """A page; read anew at each visit, since hours and texts change."""
    answer = _in_short(request, html.encode("utf-8"), None, "text/html; charset=utf-8")
    answer["Cache-Control"] = ASK_AGAIN
    answer["Content-Security-Policy"] = policy
    answer["Permissions-Policy"] = NOT_HERE
    answer["Referrer-Policy"] = "same-origin"
    # An example clinic must not be found by people who look for a real one.
    answer["X-Robots-Tag"] = "noindex"
    return answer


def file_answer(
    request: HttpRequest, file: ServedFile, *, for_ever: bool
) -> HttpResponse:
    """A file, or that the browser's copy is still good."""
    if file.etag in request.headers.get("If-None-Match", ""):
        answer = HttpResponse(status=304)
        answer["Vary"] = "Accept-Encoding"
    else:
        answer = _in_short(request, file.body, file.zipped, file.content_type)
    answer["ETag"] = file.etag
    answer["Cache-Control"] = FOR_EVER if for_ever else ASK_AGAIN
    answer["Content-Security-Policy"] = "default-src 'none'"
    # A module script of another site is read only with these two.
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _in_short(
    request: HttpRequest, body: bytes, zipped: bytes | None, content_type: str
) -> HttpResponse:
    if _takes_gzip(request):
        answer = HttpResponse(zipped or gzip.compress(body, 6), content_type)
        answer["Content-Encoding"] = "gzip"
    else:
        answer = HttpResponse(body, content_type)
    answer["Content-Length"] = str(len(answer.content))
    answer["Vary"] = "Accept-Encoding"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _takes_gzip(request: HttpRequest) -> bool:
    for entry in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, quality = entry.replace(" ", "").partition(";q=")
        if name in ("gzip", "*"):
            return quality not in ("0", "0.0", "0.00", "0.000")
    return False
