/** `<clinic-chat>`: builds the views; attaches itself from its script tag. */

import { el } from "./dom.js";
import { Errands } from "./forms.js";
import { Log } from "./log.js";
import { Composer, Launcher, Panel } from "./panel.js";
import { labels, localeOf } from "./strings.js";
import { dress } from "./styles.js";
import { Visit } from "./visit.js";

const HIDDEN_FOR = 20000;
const DARK = "(prefers-color-scheme: dark)";

class ClinicChat extends HTMLElement {
  #visit = null;
  #hidden = 0;
  #leave = [];

  connectedCallback() {
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
    dress(this.shadowRoot);
    const { server, locale } = this.dataset;
    const base = (server || new URL(import.meta.url).origin).replace(/\/$/, "");
    this.locale = localeOf(locale, document.documentElement.lang, navigator.language);
    this.#visit = new Visit(base, this);
    this.#build();
    this.#listen();
    this.#visit.resume();
    if (this.panel.isPage) this.#visit.seen();
    else if ("open" in this.dataset) this.open();
  }

  disconnectedCallback() {
    this.#visit.leave();
    this.#leave.forEach((undo) => undo());
    this.#leave = [];
    clearTimeout(this.#hidden);
  }

  /** Opens the chat; a page may call this from a button of its own. */
  open() {
    if (this.panel.isOpen) return;
    this.#show();
    this.invite();
  }

  /** Focus where the patient goes on; on a phone a keyboard would hide what is new. */
  invite() {
    const touch = matchMedia("(pointer: coarse)").matches;
    (touch ? this.panel.title : this.composer.input).focus();
  }

  /** Minimizes the chat; the conversation goes on. */
  close() {
    this.panel.hide();
  }

  /** The chat was closed, by us or by the browser. */
  minimized() {
    this.launcher.node.hidden = false;
    this.launcher.button.focus();
  }

  #show() {
    this.panel.show();
    this.launcher.node.hidden = true;
    this.#visit.seen();
    this.log.follow();
  }

  #build() {
    const say = (this.say = labels(this.locale));
    const visit = this.#visit;
    const errands = new Errands(visit, this);
    const isPage = this.dataset.mode === "embed";
    this.log = new Log(say, visit, errands);
    this.composer = new Composer(say, visit, errands);
    this.panel = new Panel(say, this, visit, errands, isPage);
    this.launcher = new Launcher(say, this.dataset.label, () => this.open());
    this.root = el("div", { class: "root", lang: this.locale });
    this.root.classList.toggle("page", isPage);
    this.root.classList.toggle("start", this.dataset.position === "start");
    if (!isPage) this.root.append(this.launcher.node);
    this.root.append(this.panel.node);
    this.shadowRoot.replaceChildren(this.root);
    this.#theme();
    visit.render();
  }

  /** Changes between our two languages. */
  switchTo() {
    const { isOpen, isPage } = this.panel;
    const said = this.log.messages;
    this.locale = this.locale === "es" ? "en" : "es";
    this.#build();
    said.forEach((message) => this.log.add(message));
    this.#visit.showWaiting();
    this.#visit.translate();
    if (isOpen && !isPage) this.#show();
    this.log.follow();
    this.panel.menuButton.focus();
  }

  #listen() {
    const on = (target, name, action) => {
      target?.addEventListener(name, action);
      this.#leave.push(() => target?.removeEventListener(name, action));
    };
    on(window.visualViewport, "resize", () => this.panel.fit());
    on(window.visualViewport, "scroll", () => this.panel.fit());
    on(window, "online", () => this.#visit.retry());
    on(window, "storage", () => this.#visit.otherTab());
    on(matchMedia(DARK), "change", () => this.#theme());
    on(document, "visibilitychange", () => this.#visibility());
    // What is typed here is no shortcut of the page.
    for (const name of ["keydown", "keypress", "keyup"]) {
      on(this.shadowRoot, name, (event) => event.stopPropagation());
    }
  }

  #theme() {
    const { theme } = this.dataset;
    const dark = theme === "dark" || (theme !== "light" && matchMedia(DARK).matches);
    this.root.classList.toggle("dark", dark);
  }

  /** A tab that nobody sees needs no stream; it goes on where it was. */
  #visibility() {
    clearTimeout(this.#hidden);
    if (!document.hidden) this.#visit.wake();
    else this.#hidden = setTimeout(() => this.#visit.sleep(), HIDDEN_FOR);
  }
}

/** The script tag that loaded this file; a module has no `document.currentScript`. */
const own = [...document.scripts].find((script) => script.src === import.meta.url);
if (own) {
  const chat = document.querySelector("clinic-chat") || document.createElement("clinic-chat");
  for (const [name, value] of Object.entries(own.dataset)) chat.dataset[name] ??= value;
  if (!chat.isConnected) document.body.append(chat);
}
if (!customElements.get("clinic-chat")) customElements.define("clinic-chat", ClinicChat);
