"""Every address of the staff pages, as the resolver knows them."""

import re
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.urls import URLPattern, get_resolver

# What needs no account: signing in, an invitation's link, scripts and styles.
PUBLIC = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_invitation",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "openid_connect_login",
    "openid_connect_callback",
    "static_file",
}
# One's own account: anybody who is signed in, whatever their role.
ANY_ACCOUNT = {
    "account_change_password",
    "account_name",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_reauthenticate_webauthn",
}
NOBODYS = {"uuid": str(uuid.uuid4()), "int": "987654321", "str": "nobodys"}


@dataclass(frozen=True)
class Address:
    """One address: its route, its name and its view."""

    route: str
    name: str
    view: object = field(repr=False, compare=False)

    @property
    def permission(self):
        return getattr(self.view, "permission", None)

    @property
    def has_ids(self):
        return "<" in self.route

    def path(self, **known):
        """With ids that belong to nobody, unless they are given by name."""

        def put(found):
            kind, _, name = found[1].rpartition(":")
            return str(known.get(name, NOBODYS.get(kind, NOBODYS["str"])))

        return "/" + re.sub(r"<([^>]+)>", put, self.route)

    def __str__(self):
        return self.name


def addresses():
    """All of them under /staff/."""
    return [
        each
        for each in _walk(get_resolver().url_patterns)
        if each.route.startswith("staff/")
    ]


def _walk(patterns, before="", space=""):
    for each in patterns:
        route = before + _plain(str(each.pattern))
        if isinstance(each, URLPattern):
            name = each.name or each.callback.__name__
            yield Address(route, f"{space}{name}", each.callback)
        else:
            inner = f"{each.namespace}:" if each.namespace else space
            yield from _walk(each.url_patterns, route, inner)


def _plain(pattern):
    """A regular expression's named groups as converters."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<str:\1>", pattern.lstrip("^").rstrip("$"))


class Page(HTMLParser):
    """What in a page a strict content security policy would refuse."""

    def __init__(self, html):
        super().__init__()
        self.refused = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        is_data = given.get("type") == "application/json"
        if tag == "script" and "src" not in given and not is_data:
            self.refused.append("inline script")
        if tag == "style":
            self.refused.append("inline style")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.refused.append(f"{tag} {name}=")
            if name.startswith("hx-on") or "javascript:" in (value or ""):
                self.refused.append(f"{tag} {name}={value}")
            if name in ("src", "href", "action") and re.match(r"(https?:)?//", value):
                self.refused.append(f"third party: {value}")
