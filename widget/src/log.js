/** The conversation as a list; the order is that of the server's numbers. */

import { button, choices, el, fill, linkButton, newId } from "./dom.js";

const NEAR = 60;
const LOW = "(max-height: 480px)";
const NUMBERS = { crisis: ["988", "911"], emergency: ["911", "988"] };

export const isUrgent = (message) => message.route in NUMBERS;

/** Whose name stands above a message; none for a line of the chat itself. */
export function speaker({ author, name }, say) {
  if (author === "patient") return say("you");
  if (author === "staff") return say("staff", { name });
  return author === "bot" ? say("assistant") : name;
}

/** The same for all bubbles of one reply. */
const replyKey = ({ author, route, topic, sources }) =>
  [author, route, topic, sources].join();

export class Log {
  #say;
  #visit;
  #errands;
  #rows = new Map();
  #pending = new Map();
  // Where we scrolled to; elsewhere it was the patient.
  #target = 0;
  #subject = "";

  /**
   * @param say labels.
   * @param visit what presses a button.
   * @param errands what takes a thumb, or asks for a call back.
   */
  constructor(say, visit, errands) {
    this.#say = say;
    this.#visit = visit;
    this.#errands = errands;
    this.list = el("ol", { class: "log" });
    this.away = el("p", { class: "away" });
    this.card = el("div");
    const dots = [el("i"), el("i"), el("i")];
    this.typing = el("div", { class: "typing", hidden: true, "aria-hidden": "true" }, ...dots);
    this.jump = button(say("newMessages"), () => this.toEnd(), { kind: "jump", hidden: true });
    const onscroll = () => this.isFollowing && (this.jump.hidden = true);
    this.scroller = el(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": say("conversation"), onscroll },
      this.away,
      this.list,
      this.typing,
      this.card,
    );
    this.node = el("div", { class: "talk" }, this.scroller, this.jump);
  }

  /** Everything that is shown and that the server has numbered. */
  get messages() {
    return [...this.#rows.values()].map((row) => row.message);
  }

  /** Whether the patient had the last word. */
  get isAsked() {
    return this.list.lastChild?.message.author === "patient";
  }

  clear() {
    this.#rows.clear();
    this.#pending.clear();
    this.list.replaceChildren();
    this.showTyping(false);
  }

  /** Shows a message of the server; false if it was there already. */
  add(message) {
    const { id, author, client_id: client } = message;
    if (this.#rows.has(id)) return false;
    const follow = author === "patient" || this.isFollowing;
    // Another way may have been faster to tell that it arrived.
    this.discard({ client });
    const row = this.#row(message);
    this.#rows.set(id, row);
    row.dataset.id = id;
    const later = [...this.list.children].find((one) => Number(one.dataset.id) > id);
    const [waiting = null] = this.#pending.values();
    this.list.insertBefore(row, later || waiting);
    for (const one of [row.previousSibling, row, row.nextSibling]) this.#finish(one);
    if (author !== "patient") this.showTyping(false);
    if (follow) this.follow();
    else this.jump.hidden = false;
    return true;
  }

  /** Shows a patient's message before the server has it. */
  addPending(item, note) {
    const row = this.#row({ author: "patient", text: item.text ?? item.title });
    this.#pending.set(item.client, row);
    this.list.append(row);
    this.note(item, note);
    this.follow();
  }

  /** Says below a waiting message why it waits. */
  note({ client }, text) {
    const row = this.#pending.get(client);
    row?.querySelector(".note")?.remove();
    if (text) row?.append(el("p", { class: "note", text }));
    if (this.isFollowing) this.follow();
  }

  /** The server has it; true if its crisis text was shown before, from a refused call. */
  settle(item, message) {
    const urgent = this.#urgentOf(item);
    for (const row of urgent) row.remove();
    this.discard(item);
    this.add(message);
    if (item.text && message.text !== item.text) {
      const note = el("p", { class: "note", text: this.#say("privateRemoved") });
      this.#rows.get(message.id).append(note);
    }
    return urgent.length > 0;
  }

  /** Takes a waiting message away again. */
  discard({ client }) {
    this.#pending.get(client)?.remove();
    this.#pending.delete(client);
  }

  /**
   * Crisis text from a refused call: it has no number, so it stays at its message.
   * What `more` is true of the message stands below it.
   */
  addUrgent(item) {
    if (this.#urgentOf(item).length) return false;
    const { urgent, more, lang } = item;
    const rows = urgent.map((message) => this.#row(message));
    rows[0].append(this.#calls(urgent[0]));
    if (more) rows.push(el("li", { class: "row" }, fill(el("div", { class: "bubble", lang }), more)));
    rows.forEach((row, index) => {
      row.dataset.about = item.client;
      row.classList.toggle("joined", index > 0);
    });
    this.list.append(...rows);
    this.follow(this.#pending.get(item.client) || rows[0]);
    return true;
  }

  /** What was said later must not push the crisis text out of sight. */
  showUrgent(item) {
    const [first] = this.#urgentOf(item);
    if (first) this.follow(first);
  }

  #urgentOf({ client }) {
    return [...this.list.children].filter((row) => row.dataset.about === client);
  }

  /** A line of the widget itself. */
  addNotice(text) {
    const row = this.#row({ author: "system", text });
    this.list.append(row);
    this.follow(row);
  }

  showTyping(on) {
    const follow = this.isFollowing;
    this.typing.hidden = !on;
    if (follow) this.follow();
  }

  /** What stands below the messages: consent, or why there is no conversation. */
  setCard(subject, make) {
    if (subject === this.#subject) return;
    this.#subject = subject;
    this.card.replaceChildren(make());
  }

  /** Scrolls on, but never past the question that is being answered. */
  follow(mine = [...this.list.querySelectorAll(".patient")].at(-1)) {
    if (!mine) return;
    const place = (node) => node.getBoundingClientRect();
    const box = this.#box;
    const { top, bottom } = place(box);
    // Who wrote much must see the buttons to call before the own words.
    const call = [...this.list.querySelectorAll(".urgent .choices:has(a)")].at(-1);
    const isNew = call && mine.compareDocumentPosition(call) & 4;
    const hidden = isNew ? place(call).bottom - bottom + 16 : -Infinity;
    this.#scroll(box.scrollTop + Math.max(place(mine).top - top, hidden) - 8);
  }

  toEnd() {
    this.#scroll(this.#box.scrollHeight);
  }

  #scroll(top) {
    this.#box.scrollTop = top;
    this.#target = this.#box.scrollTop;
    this.jump.hidden = true;
  }

  get isFollowing() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    return isAtEnd || Math.abs(scrollTop - this.#target) < 4;
  }

  /** What scrolls: where there is little height, the whole chat does. */
  get #box() {
    return (matchMedia(LOW).matches && this.scroller.closest(".panel")) || this.scroller;
  }

  #row(message) {
    const { author, text, sent_at: sent, buttons = [] } = message;
    const row = el("li", { class: `row ${author}${isUrgent(message) ? " urgent" : ""}` });
    row.message = message;
    const who = speaker(message, this.#say);
    if (who) row.append(el("div", { class: "who" }, el("b", { text: who }), this.#time(sent)));
    // What the server says is English until a translation is approved.
    const lang = sent && author !== "patient" && (/[¿¡áéíóúñ]/i.test(text) ? "es" : "en");
    row.append(fill(el("div", { class: "bubble", lang }), text, author !== "patient"));
    const press = ({ id, title }) => {
      const node = button(title, () => this.#visit.press({ id, title: node.textContent }));
      node.value = id;
      return node;
    };
    if (buttons.length) row.append(choices(...buttons.map(press)));
    this.offer(row);
    return row;
  }

  /** Buttons of replies in the patient's language; the one to a person is below. */
  offer(within = this.list) {
    const { topics = [], human, locale } = this.#visit.config || {};
    for (const node of within.querySelectorAll(".choices [value]")) {
      const known = topics.find(({ id }) => id === node.value);
      node.lang = known ? locale : "en";
      if (known) node.lastChild.textContent = known.title;
      if (node.value === human?.id) node.remove();
    }
  }

  #time(datetime) {
    if (!datetime) return null;
    const options = { hour: "numeric", minute: "2-digit" };
    const text = new Date(datetime).toLocaleTimeString(this.#say("code"), options);
    return el("time", { datetime, dir: "auto", text });
  }

  /** Name above the first bubble of a reply, what can be done below its last one. */
  #finish(row) {
    const { message } = row || {};
    if (!message?.id) return;
    const before = row.previousSibling?.message;
    const after = row.nextSibling?.message;
    if (isUrgent(message) && !row.querySelector("a.button")) {
      if (!before || replyKey(before) !== replyKey(message)) row.append(this.#calls(message));
    }
    const isJoined = before?.author === message.author && before.name === message.name;
    row.classList.toggle("joined", isJoined);
    const shown = row.querySelector(".extras");
    if (after && replyKey(after) === replyKey(message)) shown?.remove();
    else if (message.author === "bot" && !shown) row.append(this.#extras(message));
  }

  /** Large buttons to call or text from a phone. */
  #calls({ route }) {
    const link = (key, scheme, number) =>
      linkButton(this.#say(key, { number }), scheme + number, "strong");
    const links = NUMBERS[route].map((number) => link("call", "tel:", number));
    return choices(...links, link("text", "sms:", "988"));
  }

  /** Draft mark, sources, thumbs, and the way to a call back. */
  #extras(message) {
    const say = this.#say;
    const node = el("div", { class: "extras" });
    if (message.handoff) {
      const ask = button(say("callBack"), () => this.#errands.callBack(ask));
      node.append(choices(ask));
    }
    if (message.draft) node.append(el("p", { class: "draft", text: say("draft") }));
    if (!message.route || message.route === "small_talk" || isUrgent(message)) return node;
    const [toggle, details] = this.#sources(message);
    const why = el("form", { class: "why", hidden: true });
    const tools = el("div", { class: "tools" }, toggle, ...this.#thumbs(message, why));
    node.append(tools, details, why);
    return node;
  }

  #sources({ source_titles: sources, reviewed }) {
    const say = this.#say;
    const id = newId();
    // A day is the same day everywhere.
    const options = { dateStyle: "long", timeZone: "UTC" };
    const date = reviewed && new Date(reviewed).toLocaleDateString(say("code"), options);
    const details = el(
      "div",
      { class: "sources", id, hidden: true },
      el("ul", { lang: "en" }, ...sources.map((text) => el("li", { text }))),
      el("p", { text: date ? say("reviewed", { date }) : say("notReviewed") }),
    );
    const press = () => {
      details.hidden = !details.hidden;
      toggle.ariaExpanded = !details.hidden;
    };
    const attributes = { kind: "small", "aria-expanded": "false", "aria-controls": id };
    const toggle = button(say("sources"), press, attributes);
    return [toggle, details];
  }

  /** Two thumbs, and a form for an optional word to them. */
  #thumbs({ id }, why) {
    const say = this.#say;
    const input = el("input", { id: newId(), maxlength: "500", autocomplete: "off" });
    const label = el("label", { for: input.id, text: say("why") });
    const send = button(say("send"), null, { type: "submit" });
    why.append(label, el("div", { class: "line" }, input, send));
    let pressed;
    why.onsubmit = async (event) => {
      event.preventDefault();
      const comment = input.value.trim();
      if (comment && !(await this.#errands.feedback(id, pressed.value, comment))) return;
      why.replaceChildren(el("p", { role: "status", text: say("thanks") }));
      pressed.focus();
    };
    const press = async (thumb) => {
      if (!(await this.#errands.feedback(id, thumb.value))) return;
      pressed = thumb;
      for (const one of thumbs) one.ariaPressed = one === thumb;
      why.hidden = false;
      why.scrollIntoView({ block: "nearest" });
    };
    const thumbs = ["up", "down"].map((value) => {
      const attributes = { value, kind: "small bare", draw: value, "aria-pressed": "false" };
      return button(say(value), (event) => press(event.currentTarget), attributes);
    });
    return thumbs;
  }
}
