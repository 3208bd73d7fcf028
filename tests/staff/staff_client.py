"""A person of the clinic at the staff pages: HTTP with cookies and CSRF, as a browser.

``people.viewer``, ``.responder``, ``.trainer``, ``.clinician`` and ``.administrator``
are signed in once for all tests: whoever changes a person takes ``people.new(role)``.
"""

import itertools
import re
import uuid

import httpx

PASSWORD = "correct horse battery staple"
LOGIN = "/staff/account/login/"


class Visitor:
    """Somebody who is not signed in (yet)."""

    def __init__(self, url):
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=20)

    def get(self, path, **options):
        """GET; a redirect is not followed unless ``follow_redirects=True``."""
        return self.http.get(path, **options)

    def post(self, path, fields=None, **options):
        """POST of a form, with the CSRF token."""
        headers = {"X-CSRFToken": self.csrf(), **options.pop("headers", {})}
        return self.http.post(path, data=fields or {}, headers=headers, **options)

    def page(self, path, **options):
        """The HTML of a page that must be there; redirects are followed."""
        answer = self.get(path, follow_redirects=True, **options)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def csrf(self):
        """The token of a form; the cookie alone is enough for Django."""
        if "csrftoken" not in self.http.cookies:
            self.get(LOGIN)
        return self.http.cookies.get("csrftoken", "")

    def sign_in(self, email, password=PASSWORD):
        """By the form, without a second factor; gives the answer."""
        return self.post(LOGIN, {"login": email, "password": password})

    def sign_out(self):
        return self.post("/staff/account/logout/")

    def close(self):
        self.http.close()


class Member(Visitor):
    """A person with an account, signed in."""

    def __init__(self, url, person):
        super().__init__(url)
        self.person = person
        answer = self.sign_in(person.email)
        assert answer.status_code == 302, re.sub(r"<[^>]+>|\s+", " ", answer.text)

    def confirm(self, password=PASSWORD):
        """The password once more, as changes to one's own account ask for it."""
        answer = self.post("/staff/account/reauthenticate/", {"password": password})
        assert answer.status_code == 302, answer.text

    @property
    def name(self):
        return self.person.name


class People:
    """Everybody of the clinic."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.url = gateway.url
        self._of_role = {}
        self._all = []
        self._run = uuid.uuid4().hex[:6]  # a database may outlive a run
        self._numbers = itertools.count(1)

    def __getattr__(self, name):
        from frontdesk.staff.permissions import Role

        if name not in Role.values:
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, role):
        """The one of a role whom all tests share."""
        if role not in self._of_role:
            self._of_role[role] = self.new(role)
        return self._of_role[role]

    def make(self, role, **fields):
        """A Person with the usual password, not signed in."""
        from frontdesk.staff.models import Person

        number = next(self._numbers)
        values = {
            "email": f"{role}{number}.{self._run}@clinic.example",
            "name": f"{role.title()} {number}",
            "role": role,
            "password": PASSWORD,
        }
        return Person.objects.create_user(**(values | fields))

    def new(self, role, **fields):
        """Another one, signed in."""
        member = Member(self.url, self.make(role, **fields))
        self._all.append(member)
        return member

    def visitor(self):
        """Somebody who is not signed in."""
        visitor = Visitor(self.url)
        self._all.append(visitor)
        return visitor

    def close(self):
        for each in self._all:
            each.close()
