"""The demo clinic page, the page for an iframe, and the files they need."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from frontdesk.chat import database
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts
from frontdesk.site.answers import content_policy, file_answer, page_answer
from frontdesk.site.content import Blocked, page_content
from frontdesk.site.files import FileFolder

WIDGET_FOLDER = settings.ROOT / "widget" / "src"
SITE_FOLDER = Path(__file__).resolve().parent / "files"
ENTRY = "widget.js"


@cache
def widget_files() -> FileFolder:
    """The widget's scripts, joined into one."""
    return FileFolder(WIDGET_FOLDER, entry=ENTRY)


@cache
def site_files() -> FileFolder:
    """Style and pictures of the pages."""
    return FileFolder(SITE_FOLDER)


@require_safe
async def home(request: HttpRequest) -> HttpResponse:
    """The demo clinic page."""
    content = page_content(texts(), await _blocked())
    html = render_to_string("site/home.html", {**content, "version": _version()})
    return page_answer(request, html, content_policy())


@require_safe
async def embed(request: HttpRequest) -> HttpResponse:
    """The widget alone, for an iframe on the clinic's own website."""
    clinic = texts().clinic
    context = {"clinic_name": clinic.values["name"], "version": _version()}
    html = render_to_string("site/embed.html", context)
    policy = content_policy(["'self'", *settings.ALLOWED_ORIGINS])
    return page_answer(request, html, policy)


@require_safe
async def widget_file(request: HttpRequest, name: str) -> HttpResponse:
    """The widget's script."""
    return _file(request, widget_files(), name)


@require_safe
async def site_file(request: HttpRequest, name: str) -> HttpResponse:
    """A style or picture of the pages."""
    return _file(request, site_files(), name)


def _file(request: HttpRequest, folder: FileFolder, name: str) -> HttpResponse:
    folder.refresh()
    file = folder.get(name)
    if file is None:
        raise Http404
    current = request.GET.get("v") == folder.version
    return file_answer(request, file, for_ever=current)


def _version() -> str:
    site_files().refresh()
    return site_files().version


async def _blocked() -> Blocked:
    """What staff have blocked; everything, while that can't be known."""
    try:
        return Blocked(frozenset(await database.read(_blocked_rows)))
    except database.DatabaseDownError:
        return Blocked(everything=True)


def _blocked_rows() -> list[tuple[str, str]]:
    return list(BlockedAnswer.objects.values_list("response", "version"))
