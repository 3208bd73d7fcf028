/** What is around the conversation: launcher, head, crisis line, outage, composer. */

import { button, choices, el, fill, icon, newId } from "./dom.js";
import { CRISIS_LINE } from "./strings.js";

const TYPING_EVERY = 4000;
const SMALL = "(max-width: 520px), (max-height: 480px)";

export class Panel {
  #sheet = null;
  #opener = null;
  #small = matchMedia(SMALL);

  /**
   * @param say labels.
   * @param chat the element: its log and composer, closing, the other language.
   * @param visit what tries again to reach the server.
   * @param errands the entries of the menu.
   * @param isPage whether it fills a page of its own, without a launcher.
   */
  constructor(say, chat, visit, errands, isPage) {
    this.isPage = isPage;
    const [title, about, menu] = [newId(), newId(), newId()];
    this.title = el("h2", { id: title, tabindex: "-1", dir: "auto" });
    this.presence = el("p", { class: "presence", dir: "auto" });
    this.menuButton = button(say("menu"), () => this.toggleMenu(), {
      kind: "bare",
      draw: "more",
      "aria-expanded": "false",
      "aria-controls": menu,
    });
    const close = () => chat.close();
    const entry = (key, owner = errands) =>
      button(say(key), () => {
        this.toggleMenu(false);
        owner[key](this.menuButton);
      });
    this.sessionEntries = [entry("transcript"), entry("erase")];
    this.menu = el(
      "div",
      { class: "menu", id: menu, hidden: true },
      entry("callBack"),
      ...this.sessionEntries,
      entry("switchTo", chat),
    );
    this.outageText = el("p");
    this.outageCall = el("span");
    const help = choices(button(say("retry"), () => visit.retry()), this.outageCall);
    this.outage = el("div", { class: "outage", hidden: true }, this.outageText, help);
    this.main = el("div", { class: "main" }, chat.log.node, this.outage, chat.composer.node);
    this.polite = el("div", { class: "unseen", role: "log", "aria-live": "polite" });
    this.alert = el("div", { class: "unseen", role: "alert" });
    this.node = el(
      isPage ? "section" : "dialog",
      {
        class: "panel",
        "aria-labelledby": title,
        "aria-describedby": about,
        onkeydown: (event) => event.key === "Escape" && this.#escape(event, close),
        // The back gesture of a phone closes it without asking.
        onclose: () => this.node.open || chat.minimized(),
      },
      el(
        "div",
        { class: "head" },
        el("div", {}, this.title, el("p", { id: about, text: say("automated") }), this.presence),
        this.menuButton,
        !isPage && button(say("close"), close, { kind: "bare", draw: "close" }),
      ),
      this.menu,
      el(
        "div",
        { class: "crisis" },
        fill(el("div", { lang: "en" }), CRISIS_LINE.en),
        fill(el("div", { lang: "es" }), CRISIS_LINE.es),
      ),
      this.main,
      this.polite,
      this.alert,
    );
    this.#small.onchange = () => this.node.isConnected && this.isOpen && this.show();
  }

  get isOpen() {
    return this.isPage || this.node.open;
  }

  /** Opens; over the whole screen where there is little room. */
  show() {
    if (this.isPage) return;
    const focused = this.node.getRootNode().activeElement;
    this.node.close();
    if (this.#small.matches) this.node.showModal();
    else this.node.show();
    focused?.focus();
    this.fit();
  }

  hide() {
    this.toggleMenu(false);
    if (!this.isPage) this.node.close();
  }

  /** Keeps the chat above an on-screen keyboard. */
  fit() {
    const { height, offsetTop, scale } = window.visualViewport;
    // Who looks through a magnifying glass shall not have the chat shrink below it.
    if (scale > 1.05) return;
    this.node.style.setProperty("--height", height + "px");
    this.node.style.setProperty("--top", offsetTop + "px");
  }

  toggleMenu(show = this.menu.hidden) {
    this.menu.hidden = !show;
    this.menuButton.ariaExpanded = show;
  }

  /** Shows a sheet in place of the conversation; focus goes there. */
  openSheet(sheet, opener) {
    this.closeSheet();
    this.#sheet = sheet;
    this.#opener = opener;
    this.main.hidden = true;
    this.main.after(sheet);
    sheet.querySelector("h2").focus();
  }

  /** Takes the sheet away; focus goes back to where it was opened. */
  closeSheet() {
    if (!this.#sheet) return;
    this.#sheet.remove();
    this.#sheet = null;
    this.main.hidden = false;
    this.#opener.focus();
  }

  /** Tells in words that the server can't be reached; nothing if it can. */
  showOutage(text, phone) {
    this.outageCall.replaceChildren(phone || "");
    if (text === this.outageText.textContent) return;
    this.outageText.textContent = text;
    this.outage.hidden = !text;
    if (text) this.announce(text);
  }

  /** Who is there: a member of staff, or whether the clinic is open. */
  showPresence(text, isOn, lang) {
    this.presence.hidden = !text;
    this.presence.lang = lang;
    this.presence.textContent = text;
    this.presence.classList.toggle("on", isOn);
  }

  /** Has a screen reader say something, once. */
  announce(text, isUrgent) {
    const line = el("p", { text });
    (isUrgent ? this.alert : this.polite).append(line);
    // Gone again before somebody reads the page line by line and meets it twice.
    setTimeout(() => line.remove(), 10000);
  }

  #escape(event, close) {
    event.preventDefault();
    if (!this.menu.hidden) {
      this.toggleMenu(false);
      this.menuButton.focus();
    } else if (this.#sheet) this.closeSheet();
    else close();
  }
}

/** The button on the page that opens the chat, with the number of unread messages. */
export class Launcher {
  #say;

  constructor(say, label, open) {
    this.#say = say;
    this.badge = el("span", { class: "badge", hidden: true });
    this.button = el(
      "button",
      { type: "button", class: "launcher", "aria-haspopup": "dialog", onclick: open },
      icon("chat"),
      el("span", { class: "label", text: label || say("open") }),
      this.badge,
    );
    // Spoken while the chat is minimized; the open chat has a region of its own.
    this.news = el("div", { class: "unseen", role: "status" });
    this.node = el("section", { class: "corner", "aria-label": say("chat") });
    this.node.append(this.button, this.news);
  }

  /** Shows how many messages came while the chat was minimized. */
  count(unread) {
    const words = unread ? `${this.#say("newMessages")}: ${unread}` : "";
    this.news.textContent = words;
    this.badge.hidden = !unread;
    this.badge.replaceChildren(
      el("span", { class: "unseen", text: words.replace(unread, "") }),
      unread || "",
    );
  }
}

/** Where a patient writes. Enter sends, Shift and Enter makes a new line. */
export class Composer {
  #lastTyping = 0;
  limit = 4000;

  /**
   * @param say labels.
   * @param visit what sends a text, or asks for a person.
   * @param errands what shows all topics.
   */
  constructor(say, visit, errands) {
    const id = newId();
    const onsubmit = (event) => {
      event.preventDefault();
      this.#submit(visit);
    };
    this.input = el("textarea", {
      id,
      rows: "1",
      placeholder: say("input"),
      autocomplete: "off",
      enterkeyhint: "send",
      oninput: () => this.#typed(visit),
      onkeydown: (event) =>
        event.key === "Enter" && !event.shiftKey && !event.isComposing && onsubmit(event),
    });
    this.count = el("span", { class: "count" });
    this.topics = button(say("topics"), () => errands.topics(this.topics), { draw: "list" });
    this.node = el(
      "form",
      { class: "composer", onsubmit },
      el(
        "div",
        { class: "shortcuts" },
        button(say("human"), () => visit.human(), { draw: "person" }),
        this.topics,
        this.count,
      ),
      el(
        "div",
        { class: "line" },
        el("label", { class: "unseen", for: id, text: say("input") }),
        this.input,
        button(say("send"), null, { draw: "send", kind: "bare send", type: "submit" }),
      ),
    );
  }

  /** Gives a text back that could not be sent, unless something new was begun. */
  restore(text) {
    this.input.value ||= text;
    this.#measure();
  }

  #typed(visit) {
    this.#measure();
    if (Date.now() - this.#lastTyping < TYPING_EVERY) return;
    this.#lastTyping = Date.now();
    visit.typing();
  }

  #measure() {
    const { input, count, limit } = this;
    input.style.height = "auto";
    input.style.height = input.scrollHeight + 2 + "px";
    const { length } = input.value;
    count.textContent = length > limit * 0.9 ? `${length} / ${limit}` : "";
    count.classList.toggle("over", length > limit);
  }

  #submit(visit) {
    const text = this.input.value.trim();
    this.input.focus();
    if (!text) return;
    this.input.value = "";
    this.#measure();
    visit.send({ text });
  }
}
