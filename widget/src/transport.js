/** The way to the front desk: calls, the stream of events, the outbox, the session key. */

const CALL_TIME = 10000;
const FIRST_WAIT = 400;
const LONGEST_WAIT = 10000;
const POLL_EVERY = 8000;
// The server sends a heartbeat every 15 seconds.
const LONGEST_SILENCE = 40000;

/** How long to wait after so many failures; spread, so that not all come at once. */
export function waitAfter(failures) {
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
  return wait * (0.75 + Math.random() / 2);
}

/** Reads server-sent events out of pieces of text. */
export class EventParser {
  #rest = "";

  /** Takes the next piece; gives the events that are complete. */
  push(piece) {
    const blocks = (this.#rest + piece).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop();
    const field = (block, name) =>
      [...block.matchAll(new RegExp(`^${name}: ?(.*)`, "gm"))].map((found) => found[1]).join("\n");
    return blocks
      .map((block) => ({ event: field(block, "event"), data: field(block, "data") }))
      .filter(({ data }) => data);
  }
}

/** Calls and stream of one conversation. */
export class Transport {
  #base;
  #key;
  #on;
  #stop = null;
  #last = 0;
  #up = true;

  /**
   * @param base address of the front desk.
   * @param key a SessionKey.
   * @param on what to call: history, message, state, link, ended.
   */
  constructor(base, key, on) {
    this.#base = base;
    this.#key = key;
    this.#on = on;
  }

  /** One call. Never throws: `status` is 0 where the server did not answer. */
  async call(method, path, content, token = this.#key.get()) {
    try {
      const signal = AbortSignal.timeout(CALL_TIME);
      const body = content && JSON.stringify(content);
      const response = await this.#fetch(path, token, { method, body, signal });
      const data = await response.json().catch(() => null);
      const wait = Number(response.headers.get("Retry-After"));
      const { ok, status } = response;
      // A page in the place of an answer comes from somebody on the way.
      return { ok: ok && data, status: ok && !data ? 0 : status, data, wait };
    } catch {
      return { status: 0, wait: 0 };
    }
  }

  #fetch(path, token, { headers, ...rest }) {
    return fetch(this.#base + "/chat/" + path, {
      cache: "no-store",
      credentials: "omit",
      headers: {
        ...(rest.body && { "Content-Type": "application/json" }),
        ...(token && { Authorization: "Bearer " + token }),
        "Accept-Language": this.#on.locale,
        ...headers,
      },
      ...rest,
    });
  }

  /** A conversation has begun: these messages are all there is. */
  begin(messages) {
    this.forget();
    this.#last = Math.max(0, ...messages.map(({ id }) => id));
  }

  /** Loads what was said so far, then stays on the stream until the session ends. */
  async connect() {
    if (this.#stop) return;
    const stop = (this.#stop = new AbortController());
    const token = this.#key.get();
    let failures = 0;
    let isNew = !this.#last;
    while (this.#stop === stop) {
      const status = await (isNew ? this.#load(token) : this.#listen(token, stop));
      if (this.#stop !== stop) return;
      if (status === 401) return this.end("expired");
      if (status === 200) failures = 0;
      if (status === 200 && isNew) {
        isNew = false;
        continue;
      }
      failures += 1;
      // The first break of a good stream is no outage yet.
      if (failures > 1 || isNew) this.#link(status === 429);
      // Too many streams are open: it goes without.
      if (status === 429) await this.#load(token);
      const time = status === 429 ? POLL_EVERY : waitAfter(failures);
      await new Promise((done) => {
        const timer = setTimeout(done, time);
        this.retry = () => done(clearTimeout(timer));
      });
    }
  }

  /** Tries again at once what is waiting. */
  retry() {}

  /** Stops listening; `connect` goes on where it was. */
  disconnect() {
    this.#stop?.abort();
    this.#stop = null;
    this.retry();
  }

  /** Leaves the conversation without a word. */
  forget() {
    this.disconnect();
    this.#last = 0;
  }

  /** The conversation is over. A closed one can still be read, so its key stays. */
  end(reason, text) {
    this.disconnect();
    if (reason !== "closed") {
      this.forget();
      this.#key.set(null);
    }
    this.#on.ended(reason, text);
  }

  #link(up) {
    if (this.#up !== up) this.#on.link((this.#up = up));
  }

  async #load(token) {
    const isNew = !this.#last;
    const { ok, status, data } = await this.call("GET", "messages?after=" + this.#last, null, token);
    if (!ok || token !== this.#key.get()) return status;
    this.#link(true);
    if (isNew) this.#on.history(data.messages);
    else for (const message of data.messages) this.#on.message(message);
    this.#last = Math.max(this.#last, ...data.messages.map(({ id }) => id));
    return status;
  }

  /** Reads the stream to its end; gives the status, 0 if it could not be had. */
  async #listen(token, stop) {
    const silence = new AbortController();
    const { signal } = silence;
    stop.signal.addEventListener("abort", () => silence.abort(), { signal });
    const headers = { "Last-Event-ID": String(this.#last) };
    const parser = new EventParser();
    const decoder = new TextDecoder();
    let status = 0;
    let watch;
    try {
      const response = await this.#fetch("stream", token, { headers, signal });
      status = response.status;
      if (!response.ok) return status;
      this.#link(true);
      const reader = response.body.getReader();
      for (;;) {
        watch = setTimeout(() => silence.abort(), LONGEST_SILENCE);
        const { done, value } = await reader.read();
        clearTimeout(watch);
        if (done || this.#stop !== stop) break;
        const events = parser.push(decoder.decode(value, { stream: true }));
        // Outside of this `try`: an error there is no broken stream.
        for (const event of events) queueMicrotask(() => this.#take(event));
      }
    } catch {
      // A broken stream is taken up again where it ended.
    }
    clearTimeout(watch);
    silence.abort();
    return status;
  }

  #take({ event, data }) {
    const content = JSON.parse(data);
    if (event !== "state") {
      if (content.id <= this.#last) return;
      this.#last = content.id;
      this.#on.message(content);
    } else if (content.state === "closed") this.#closed(content);
    else this.#on.state(content);
  }

  /** Closed by staff, or is there nothing behind the key any more? */
  async #closed({ erased }) {
    if (erased) return this.end("elsewhere");
    const stop = this.#stop;
    const { status } = await this.call("GET", "messages?after=" + this.#last);
    if (this.#stop === stop) this.end(status === 401 ? "expired" : "closed");
  }
}

/** Messages on their way: in order, one at a time, kept until the server has them. */
export class Outbox {
  #transport;
  #key;
  #on;
  #busy = false;
  #failures = 0;
  #timer;

  /** What is not sent yet, oldest first. */
  items = [];

  /**
   * @param on what to call: accepted, urgent, refused, waiting.
   */
  constructor(transport, key, on) {
    this.#transport = transport;
    this.#key = key;
    this.#on = on;
  }

  /** Takes a message `{text}` or a pressed button `{button, title}`. */
  add(content) {
    // `randomUUID` is missing on pages without TLS.
    const random = crypto.getRandomValues(new Uint32Array(4));
    const item = { client: random.join("-"), ...content };
    this.items.push(item);
    return item;
  }

  /** Drops everything that was not sent; gives what it was. */
  clear() {
    clearTimeout(this.#timer);
    return this.items.splice(0);
  }

  /** Sends what is there. Safe to call at any time. */
  async flush() {
    if (this.#busy) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    try {
      while (await this.#sendNext());
    } finally {
      this.#busy = false;
    }
  }

  /** Sends one message; false if there is none or the rest has to wait. */
  async #sendNext() {
    const token = this.#key.get();
    // Without consent each message goes out once: for the danger check alone.
    const item = token ? this.items[0] : this.items.find((one) => !one.isChecked);
    if (!item) return false;
    const { client, text, button } = item;
    const body = { client_id: client, text, button };
    const { ok, status, data, wait } = await this.#transport.call("POST", "messages", body, token);
    if (!this.items.includes(item)) return true;
    const urgent = data?.error?.urgent;
    if (urgent?.length) this.#on.urgent(item, urgent, status);
    if (status === 401 || status === 409) {
      item.isChecked = true;
      if (this.#key.get() !== token) return true;
      if (token) this.#transport.end(status === 409 ? "closed" : "expired");
      this.#on.waiting(item, status);
      // A closed conversation keeps its key: nothing more can be sent with it.
      return status === 401;
    }
    if ([0, 408, 429].includes(status) || status >= 500) {
      this.#failures += 1;
      this.#on.waiting(item, status);
      const time = Math.max(wait * 1000, waitAfter(this.#failures));
      this.#timer = setTimeout(() => this.flush(), time);
      return false;
    }
    this.#failures = 0;
    this.items.splice(this.items.indexOf(item), 1);
    if (ok) this.#on.accepted(item, data.message, data.replies);
    else this.#on.refused(item, status);
    return true;
  }
}

/** The one thing the widget leaves in the browser: the key of the conversation. */
export class SessionKey {
  #name;
  #token = null;

  /** @param base address of the front desk; each one has a key of its own. */
  constructor(base) {
    this.#name = "clinic-chat " + base;
    this.#token = this.#stored();
  }

  get() {
    return this.#token;
  }

  /** Keeps a key; null forgets it. Where storage is refused it lasts as long as the page. */
  set(token) {
    this.#token = token;
    try {
      if (token) localStorage.setItem(this.#name, token);
      else localStorage.removeItem(this.#name);
    } catch {
      // Storage is off: the conversation works, but ends with the page.
    }
  }

  /** What another tab has made of it, if that is something new. */
  changed() {
    const before = this.#token;
    this.#token = this.#stored();
    return before !== this.#token;
  }

  #stored() {
    try {
      return localStorage.getItem(this.#name);
    } catch {
      return this.#token;
    }
  }
}
