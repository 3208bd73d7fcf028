/** What is beside talking: consent, topics, call back, thumbs, copy, erase. */

import { button, choices, el, fill, newId } from "./dom.js";
import { speaker } from "./log.js";

/** The question, with the separate yes or no to improving the assistant. */
export function consentCard({ consent, locale: lang }, say, agree, decline) {
  const id = newId();
  const box = el("input", { type: "checkbox", id });
  return el(
    "section",
    { class: "card ask", "aria-label": say("setup") },
    el("h2", { text: say("setup") }),
    fill(el("div", { lang }), consent.text),
    el("div", { class: "tick", lang }, box, el("label", { for: id, text: consent.improve_text })),
    choices(
      button(say("agree"), () => agree(box.checked), { kind: "strong" }),
      button(say("decline"), decline),
    ),
  );
}

/** Why there is no conversation, and what can be done. */
export const noticeCard = (text, lang, ...buttons) =>
  el("div", { class: "card" }, fill(el("div", { lang }), text), choices(...buttons));

/** A sheet with a heading and the way back. */
function sheet(title, say, close, ...content) {
  const id = newId();
  return el(
    "section",
    { class: "sheet", "aria-labelledby": id },
    button(say("back"), close, { kind: "plain", draw: "back" }),
    el("h2", { id, tabindex: "-1", text: title }),
    ...content,
  );
}

/** A button and what it says if its action fails. */
function deed(say, label, kind, action) {
  const problem = el("p", { class: "problem", role: "alert" });
  let isBusy = false;
  const act = async () => {
    if (isBusy) return;
    isBusy = true;
    problem.textContent = "";
    if ((await action()) === false) problem.textContent = say("failed");
    isBusy = false;
  };
  return el("div", {}, problem, choices(button(label, act, { kind })));
}

/** Asks before everything is erased. */
const eraseSheet = (say, close, erase) =>
  sheet(
    say("erase"),
    say,
    close,
    el("p", { text: say("eraseIntro") }),
    deed(say, say("eraseNow"), "danger", erase),
  );

/** All topics as buttons. */
function topicsSheet(say, close, { topics, locale: lang }, press) {
  const topic = (one) => {
    const choose = () => {
      close();
      press(one);
    };
    return button(one.title, choose, { lang });
  };
  return sheet(say("topics"), say, close, choices(...topics.map(topic)));
}

/** Name and phone or e-mail for a call back. */
function callBackSheet(say, close, send) {
  const name = field(say("name"), "name", "text");
  const phone = field(say("phone"), "tel", "tel");
  const email = field(say("email"), "email", "email");
  const submit = async () => {
    const [who, number, address] = [name, phone, email].map(({ input }) => input.value.trim());
    const isNumber = number.replace(/\D/g, "").length > 6;
    name.complain(!who && say("nameMissing"));
    if (number || address) phone.complain(number && !isNumber && say("phoneWrong"));
    else phone.complain(say("phoneOrEmail"));
    email.complain(address && !/\S@\S+\.\S/.test(address) && say("emailWrong"));
    const wrong = [name, phone, email].find(({ input }) => input.ariaInvalid === "true");
    if (wrong) return wrong.input.focus();
    return send({ name: who, phone: number, email: address });
  };
  const end = deed(say, say("send"), "strong", submit);
  const fields = [name, phone, email].map((one) => one.node);
  const form = el("form", { novalidate: true }, ...fields, end);
  form.onsubmit = (event) => {
    event.preventDefault();
    end.querySelector("button").click();
  };
  return sheet(say("callBack"), say, close, el("p", { text: say("callBackIntro") }), form);
}

/** An input with its label and its complaint. */
function field(label, autocomplete, type) {
  const id = newId();
  const wrong = el("p", { class: "problem", id: id + "w" });
  const attributes = { "aria-describedby": wrong.id, maxlength: "100" };
  const input = el("input", { id, type, autocomplete, ...attributes });
  const complain = (text) => {
    wrong.textContent = text || "";
    input.ariaInvalid = Boolean(text);
  };
  const node = el("div", { class: "field" }, el("label", { for: id, text: label }), input, wrong);
  return { input, complain, node };
}

/** The sheets, and what the head and the replies offer. */
export class Errands {
  #visit;
  #view;
  #close = () => this.#view.panel.closeSheet();

  constructor(visit, view) {
    this.#visit = visit;
    this.#view = view;
  }

  topics(opener) {
    const press = (one) => this.#visit.press(one);
    this.#open(topicsSheet(this.#view.say, this.#close, this.#visit.config, press), opener);
  }

  callBack(opener) {
    // Contact data belongs to a conversation, and that needs consent.
    if (!this.#visit.isOn) return this.#visit.human();
    const send = async (contact) => {
      const { ok, data } = await this.#call("POST", "contact", contact);
      if (!ok) return false;
      this.#close();
      this.#visit.message(data.message);
    };
    this.#open(callBackSheet(this.#view.say, this.#close, send), opener);
  }

  async feedback(message, thumb, comment) {
    return (await this.#call("POST", "feedback", { message, thumb, comment })).ok;
  }

  async transcript() {
    const { say } = this.#view;
    const { ok, data } = await this.#call("GET", "export");
    if (!ok) return this.#visit.tell(say("failed"));
    const { name } = this.#visit.config?.clinic || {};
    download(transcriptOf(data.messages, name, say));
  }

  erase(opener) {
    const { transport } = this.#visit;
    const erase = async () => {
      // What the stream would tell of it is known here.
      transport.disconnect();
      const { ok, status, data } = await this.#call("DELETE", "session");
      if (!ok && status !== 401) {
        transport.connect();
        return false;
      }
      this.#close();
      this.#visit.erased(data?.text);
    };
    this.#open(eraseSheet(this.#view.say, this.#close, erase), opener);
  }

  /** One call; crisis text may come with any answer. */
  async #call(...all) {
    const answer = await this.#visit.transport.call(...all);
    const { error, urgent } = answer.data || {};
    const messages = error?.urgent || urgent;
    if (messages?.length) this.#visit.urgent({ client: newId() }, messages);
    return answer;
  }

  #open(sheet, opener) {
    this.#view.panel.openSheet(sheet, opener);
  }
}

/** The patient's own copy as plain text. */
function transcriptOf(messages, name, say) {
  const time = (date) => date.toLocaleString(say("code"));
  const head = say("transcriptTitle", { name, date: time(new Date()) });
  const entry = (one) =>
    `[${time(new Date(one.sent_at))}] ${speaker(one, say) || ""}\n${one.text}`;
  return [head, ...messages.map(entry)].join("\n\n") + "\n";
}

/** Hands a text to the browser as a file. */
function download(text) {
  const file = new Blob(["\ufeff" + text], { type: "text/plain" });
  const href = URL.createObjectURL(file);
  el("a", { href, download: `chat-${new Date().toISOString().slice(0, 10)}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10000);
}
