"""A page with the widget, used as a patient uses it."""

import re

from playwright.sync_api import expect

# Before any script of the page: notes what must not happen, and what is announced.
WATCH = """
window.policyViolations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  policyViolations.push(`${event.violatedDirective} ${event.blockedURI}`));
window.announced = [];
const LIVE = "[aria-live=polite], [aria-live=assertive], [role=alert], [role=status]";
const watched = new WeakSet();
new MutationObserver(() => {
  for (const host of document.querySelectorAll("clinic-chat")) {
    const root = host.shadowRoot;
    if (!root || watched.has(root)) continue;
    watched.add(root);
    new MutationObserver((changes) => {
      for (const change of changes) {
        const { target } = change;
        const near = target.nodeType === 1 ? target : target.parentElement;
        const region = near && near.closest(LIVE);
        if (!region) continue;
        const added = [...change.addedNodes].map((node) => node.textContent).join(" ");
        if (added.trim()) announced.push(added.trim());
      }
    }).observe(root, { childList: true, subtree: true, characterData: true });
  }
}).observe(document, { childList: true, subtree: true });
"""


class PatientPage:
    """What a patient sees and does; ``page`` is Playwright's."""

    def __init__(self, page, gateway):
        self.page = page
        self.gateway = gateway
        self.errors = []
        self.complaints = []
        self.requests = []
        page.add_init_script(WATCH)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)
        page.on("request", lambda request: self.requests.append(request))

    def _note(self, line):
        if line.type == "error":
            self.complaints.append(line.text)

    def goto(self, url):
        self.page.goto(url)
        self.page.wait_for_function("!!customElements.get('clinic-chat')")

    # What there is --------------------------------------------------------------
    @property
    def chat(self):
        return self.page.locator("clinic-chat")

    @property
    def panel(self):
        return self.chat.locator(".panel")

    @property
    def launcher(self):
        return self.chat.locator(".launcher")

    @property
    def composer(self):
        return self.chat.get_by_role("textbox", name=re.compile("Your message|Su mens"))

    @property
    def rows(self):
        return self.chat.locator(".row")

    @property
    def violations(self):
        if self.page.is_closed():
            return []
        return self.page.evaluate("window.policyViolations")

    @property
    def announced(self):
        return self.page.evaluate("window.announced")

    @property
    def storage(self):
        """Everything that the page keeps in the browser."""
        return self.page.evaluate(
            """async () => ({
              local: {...localStorage}, session: {...sessionStorage},
              cookies: document.cookie, databases: (await indexedDB.databases()).length,
              caches: window.caches ? (await caches.keys()).length : 0,
            })"""
        )

    @property
    def token(self):
        return next(iter(self.storage["local"].values()), None)

    def button(self, name, exact=True):
        return self.chat.get_by_role("button", name=name, exact=exact)

    def link(self, name):
        return self.chat.get_by_role("link", name=name)

    def focused(self):
        """The element with the focus, as its text, label or tag."""
        return self.page.evaluate(
            """() => {
              let node = document.activeElement;
              while (node?.shadowRoot?.activeElement) {
                node = node.shadowRoot.activeElement;
              }
              const label = node?.labels?.[0]?.textContent;
              return label || node?.textContent.trim() || node?.tagName || "";
            }"""
        )

    def texts(self, kind):
        """Texts of the messages of ``patient``, ``bot``, ``staff`` or ``system``."""
        return self.chat.locator(f".row.{kind} .bubble").all_inner_texts()

    # What is done ---------------------------------------------------------------
    def open(self):
        self.launcher.click()
        expect(self.panel).to_be_visible()

    def agree(self, improve=False):
        if improve:
            self.chat.get_by_role("checkbox").check()
        self.button(re.compile("Agree and start|Aceptar y empezar")).click()
        expect(self.rows.first).to_be_visible()

    def begin(self, **options):
        self.open()
        self.agree(**options)
        expect(self.chat.locator(".row.bot")).to_have_count(2)

    def type(self, text):
        self.composer.fill(text)
        self.composer.press("Enter")

    def ask(self, text, seconds=20):
        """Types a message and waits for the whole reply."""
        before = self.chat.locator(".row.bot").count()
        self.type(text)
        self.wait_for_reply(before, seconds)

    def wait_for_reply(self, before, seconds=20):
        rows = self.chat.locator(".row.bot")
        expect(rows.nth(before)).to_be_visible(timeout=seconds * 1000)
        self.page.wait_for_timeout(400)  # the other bubbles of the same reply

    def choose(self, entry):
        """Opens the menu and chooses an entry."""
        self.button(re.compile("More options|Más opciones")).click()
        self.button(entry).click()

    def staff(self, deed, **values):
        self.gateway.ask(deed, token=self.token, **values)
