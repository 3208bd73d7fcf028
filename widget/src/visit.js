/** One patient's visit: consent, session, what is sent and what arrives. */

import { button, linkButton, telephone } from "./dom.js";
import { consentCard, noticeCard } from "./forms.js";
import { isUrgent, speaker } from "./log.js";
import { Outbox, SessionKey, Transport } from "./transport.js";

const LONGEST_TYPING = 15000;
const CONFIG_LASTS = 300000;
const CONFIG_WAIT = 4000;

export class Visit {
  config = null;
  #configTime = 0;
  #declined = false;
  #ended = "";
  #staff = "";
  #unread = 0;
  #trouble = new Set();
  #timers = {};

  /**
   * @param base address of the front desk.
   * @param view the element: its log, composer, panel, launcher, labels.
   */
  constructor(base, view) {
    this.view = view;
    this.key = new SessionKey(base);
    this.transport = new Transport(base, this.key, this);
    this.outbox = new Outbox(this.transport, this.key, this);
  }

  /** Whether there is a conversation that can go on. */
  get isOn() {
    return Boolean(this.key.get()) && !this.#ended;
  }

  get #phone() {
    return this.config?.clinic?.phone || this.view.dataset.phone || "";
  }

  // Coming and going --------------------------------------------------------

  /** Goes on with the conversation that another page has begun. */
  resume() {
    if (!this.key.get()) return;
    this.#loadConfig();
    this.transport.connect();
  }

  /** The patient looks at the chat. */
  seen() {
    this.#unread = 0;
    this.view.launcher.count(0);
    if (Date.now() - this.#configTime > CONFIG_LASTS) this.#loadConfig();
  }

  /** The server's texts in the other language too. */
  translate() {
    this.#loadConfig();
  }

  /** Language that the server is asked for. */
  get locale() {
    return this.view.locale;
  }

  wake() {
    if (this.isOn) this.transport.connect();
  }

  sleep() {
    this.transport.disconnect();
  }

  leave() {
    this.transport.disconnect();
    this.outbox.clear();
    Object.values(this.#timers).forEach(clearTimeout);
  }

  async #loadConfig() {
    clearTimeout(this.#timers.config);
    const { locale } = this.view;
    const { ok, data } = await this.transport.call("GET", "config", null, null);
    // The patient may have changed the language meanwhile.
    if (locale !== this.view.locale) return;
    if (ok) {
      this.config = data;
      this.#configTime = Date.now();
      this.render();
      this.view.log.offer();
      this.outbox.flush();
    } else this.#timers.config = setTimeout(() => this.#loadConfig(), CONFIG_WAIT);
    this.#setTrouble("config", !this.config);
  }

  // What is shown beside the messages ----------------------------------------

  /** Head, what stands below the conversation, and the outage, from the state. */
  render() {
    const { say, panel, composer, log, dataset, locale } = this.view;
    const { clinic, open, topics, locale: lang = "en", max_text: limit = 4000 } = this.config || {};
    panel.title.textContent = clinic?.name || dataset.name || say("chat");
    const [short = ""] = (open?.text || "").match(/^.+?[.!](?= |$)/) || [];
    if (this.#staff) panel.showPresence(say("staffHere", { name: this.#staff }), true, locale);
    else panel.showPresence(short, Boolean(open?.now), lang);
    log.away.lang = lang;
    log.away.textContent = open && !open.now ? open.text : "";
    log.away.hidden = !log.away.textContent;
    for (const entry of panel.sessionEntries) entry.hidden = !this.key.get();
    composer.limit = limit;
    composer.topics.hidden = !(this.isOn && topics?.length);
    this.#renderCard();
    this.#renderOutage();
  }

  /** Consent, or why there is no conversation; made anew only if that has changed. */
  #renderCard() {
    const { say, locale, log } = this.view;
    const { version, declined_text: declined } = this.config?.consent || {};
    const ended = this.#ended;
    if (ended) {
      const again = button(say("newChat"), () => this.#again(), { kind: "strong" });
      log.setCard(ended, () => noticeCard(ended, locale, again, this.#call()));
    } else if (this.key.get() || !this.config) log.setCard("", () => "");
    else if (this.#declined) {
      const back = button(say("reconsider"), () => this.#reconsider());
      const { locale: lang } = this.config;
      log.setCard(declined, () => noticeCard(declined, lang, this.#call(), back));
    } else {
      const agree = (improve) => this.#agree(improve);
      log.setCard(version, () => consentCard(this.config, say, agree, () => this.#decline()));
    }
  }

  /** A button that calls the clinic, if its number is known. */
  #call() {
    const number = this.#phone;
    return number && linkButton(this.view.say("call", { number }), telephone(number));
  }

  #renderOutage() {
    const { say, panel, log } = this.view;
    const kept = this.outbox.items.length ? " " + say("outageKept") : "";
    const follow = log.isFollowing;
    panel.showOutage(this.#trouble.size ? say("outage") + kept : "", this.#call());
    if (follow) log.follow();
  }

  #setTrouble(part, is) {
    const before = this.#trouble.size;
    this.#trouble[is ? "add" : "delete"](part);
    this.#renderOutage();
    if (before && !this.#trouble.size) this.view.panel.announce(this.view.say("outageOver"));
  }

  /** Shows the messages that are not sent yet, in a new or emptied log. */
  showWaiting() {
    const note = this.view.say(this.isOn ? "notSent" : "waitingConsent");
    for (const item of this.outbox.items) {
      this.view.log.addPending(item, !item.more && note);
      if (item.urgent) this.view.log.addUrgent(item);
    }
  }

  /** A line of the chat itself, shown and spoken. */
  tell(text) {
    this.view.log.addNotice(text);
    this.view.panel.announce(text);
  }

  // Consent and sessions ------------------------------------------------------

  async #agree(improve) {
    const { view } = this;
    const body = {
      consent_version: this.config.consent.version,
      improve,
      locale: view.locale,
      page: location.origin + location.pathname,
    };
    const { ok, status, data } = await this.transport.call("POST", "sessions", body, null);
    if (!ok) {
      if (status === 422) this.#loadConfig();
      this.tell(view.say("failed"));
      return;
    }
    this.key.set(data.token);
    this.transport.begin(data.greeting);
    for (const message of data.greeting) this.message(message);
    this.transport.connect();
    this.render();
    // The greeting from its beginning, wherever the consent text was read.
    if (!this.outbox.items.length) view.log.follow(view.log.list.firstChild);
    view.invite();
    this.outbox.flush();
  }

  #decline() {
    const { view } = this;
    this.#declined = true;
    this.#trouble.clear();
    this.#drop();
    this.render();
    view.log.card.querySelector(".button")?.focus();
  }

  /** Nothing is sent after a no, but what was dangerous: it goes out after a late yes. */
  #drop() {
    const { log, say } = this.view;
    const { outbox } = this;
    for (const item of outbox.clear()) {
      if (item.more) outbox.items.push(item);
      else log.note(item, say("declinedMessage"));
    }
  }

  #reconsider() {
    this.#declined = false;
    this.render();
    this.view.invite();
  }

  #again() {
    this.transport.forget();
    this.key.set(null);
    this.#restart();
    this.#loadConfig();
    this.view.invite();
  }

  #restart() {
    this.#ended = "";
    this.#declined = false;
    this.view.log.clear();
    this.showWaiting();
    this.render();
  }

  /** Everything is erased at the server; here too. */
  erased(text) {
    this.transport.end("eraseDone", text);
    this.view.log.card.querySelector("button")?.focus();
  }

  ended(reason, text = this.view.say(reason)) {
    const { log, panel } = this.view;
    this.#staff = "";
    this.#trouble.clear();
    this.#ended = text;
    if (reason === "eraseDone" || reason === "elsewhere") this.outbox.clear();
    if (reason !== "closed") {
      log.clear();
      this.showWaiting();
    }
    log.showTyping(false);
    panel.closeSheet();
    this.render();
    panel.announce(this.#ended);
  }

  /** Another tab may have begun or ended the conversation. */
  otherTab() {
    if (!this.key.changed()) return;
    this.transport.forget();
    if (!this.key.get()) return this.ended("elsewhere");
    this.#restart();
    this.transport.connect();
    this.outbox.flush();
  }

  // What is sent --------------------------------------------------------------

  /** Sends a text `{text}` or a pressed button `{button, title}`. */
  send(content) {
    const item = this.outbox.add(content);
    this.view.log.addPending(item);
    if (this.isOn && !this.#staff) this.#showTyping();
    this.outbox.flush();
  }

  press({ id, title }) {
    this.send({ button: id, title });
  }

  human() {
    if (this.isOn && this.config?.human) return this.press(this.config.human);
    this.tell(this.view.say("humanFirst", { phone: this.#phone }));
  }

  /** Tells a person at the other end, if there is one. */
  typing() {
    if (this.#staff) this.transport.call("POST", "typing", {});
  }

  retry() {
    if (!this.config) this.#loadConfig();
    this.transport.retry();
    this.outbox.flush();
  }

  accepted(item, message, replies) {
    const { log } = this.view;
    const silent = log.settle(item, message);
    this.#setTrouble("outbox", false);
    for (const reply of replies) this.message(reply, { silent });
  }

  /** Crisis or emergency text that came with a refusal. */
  urgent(item, messages, status) {
    const { log, panel } = this.view;
    // Before a yes nobody knows whose message it was; the crisis text can't say so.
    const more = status === 401 && !this.key.get() && this.config?.consent.danger_text;
    Object.assign(item, { urgent: messages, more, lang: this.config?.locale });
    if (!log.addUrgent(item)) return;
    for (const { text } of messages) panel.announce(text, true);
    if (more) panel.announce(more, true);
  }

  refused(item, status) {
    const { log, composer, say } = this.view;
    const isLong = status === 413 || item.text?.length > composer.limit;
    log.discard(item);
    log.showTyping(false);
    this.tell(say(isLong ? "tooLong" : "refused"));
    log.showUrgent(item);
    if (item.text) composer.restore(item.text);
  }

  waiting(item, status) {
    const { log, panel, say } = this.view;
    log.showTyping(false);
    if (status === 401 || status === 409) {
      if (item.more) return;
      const key = this.#declined ? "declinedMessage" : "waitingConsent";
      if (this.#declined) this.#drop();
      log.note(item, say(key));
      panel.announce(say(key));
      return;
    }
    log.note(item, say(status === 429 ? "tooMany" : "notSent"));
    if (status !== 429) this.#setTrouble("outbox", true);
  }

  // What arrives --------------------------------------------------------------

  history(messages) {
    for (const message of messages) this.view.log.add(message);
    this.render();
    this.view.log.follow();
  }

  message(message, { silent = false } = {}) {
    const { log, panel, launcher, say } = this.view;
    if (!log.add(message) || message.author === "patient") return;
    clearTimeout(this.#timers.typing);
    if (silent) return;
    if (panel.isOpen) {
      const who = speaker(message, say);
      panel.announce((who ? who + ": " : "") + message.text, isUrgent(message));
      return;
    }
    this.#unread += 1;
    launcher.count(this.#unread);
  }

  state({ state, name, author }) {
    // That somebody joined or left is a message too; this is for the head.
    if (state === "taken_over") this.#staff = name;
    if (state === "handed_back") this.#staff = "";
    if (state !== "typing") this.render();
    // The news that a reply is being made may come after the reply.
    else if (author === "staff" || this.view.log.isAsked) this.#showTyping();
  }

  #showTyping() {
    clearTimeout(this.#timers.typing);
    this.view.log.showTyping(true);
    this.#timers.typing = setTimeout(() => this.view.log.showTyping(false), LONGEST_TYPING);
  }

  link(up) {
    this.#setTrouble("link", !up);
    if (up) this.outbox.flush();
  }
}
