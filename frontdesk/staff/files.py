"""Scripts and styles of staff pages: ours, htmx's and allauth's, as they are packed."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from frontdesk.site.answers import file_answer
from frontdesk.site.files import CONTENT_TYPES, ServedFile


@require_safe
async def static_file(request: HttpRequest, name: str) -> HttpResponse:
    """A file of one of the installed apps; only what a page can use.

    Raises:
        Http404: if there is none.
    """
    if Path(name).suffix not in CONTENT_TYPES:
        raise Http404
    found = finders.find(name)
    if not isinstance(found, str):
        raise Http404
    path = Path(found)
    return file_answer(request, _read(path, path.stat().st_mtime_ns), for_ever=False)


@cache
def _read(path: Path, changed_at: int) -> ServedFile:
    body = path.read_bytes()
    return ServedFile(
        body=body,
        zipped=gzip.compress(body, 9, mtime=0),
        content_type=CONTENT_TYPES[path.suffix],
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:16]}"',
    )
