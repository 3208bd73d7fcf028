/** Making elements and showing plain text; nothing takes markup from a text. */

const SVG = "http://www.w3.org/2000/svg";
const THUMB = "M7 11v9H4v-9zl4-8c2 0 3 1 2.5 3L13 9h6q2 0 1.500 2l-2 8q0 1-2 1H7";
const ICONS = {
  chat: "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
  close: "M5 12h14",
  more: "M5 12h0M12 12h0M19 12h0",
  send: "M5 12h13M12 5l7 7-7 7",
  back: "M19 12H6M12 5l-7 7 7 7",
  up: THUMB,
  down: THUMB,
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21q1-6 8-6t8 6",
  list: "M5 7h14M5 12h14M5 17h9",
};

/** Makes an element. `on…` are listeners, `text` is its text, the rest attributes. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value == null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** A line drawing in the colour of the text around it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon draw-" + name);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with a word; `draw` adds a drawing, which alone is seen if it is `bare`. */
export function button(label, onclick, { kind = "", draw, ...rest } = {}) {
  const isBare = kind.includes("bare");
  return el(
    "button",
    { type: "button", class: "button " + kind, title: isBare && label, onclick, ...rest },
    draw && icon(draw),
    el("span", { class: isBare && "unseen", text: label }),
  );
}

/** A link that looks like a button. */
export const linkButton = (text, href, kind = "") =>
  el("a", { class: "button " + kind, href, text });

/** Buttons beside each other. */
export const choices = (...buttons) => el("div", { class: "choices" }, ...buttons);

let count = 0;
/** An id that nothing else in the page has. */
export const newId = () => "clinic-chat-" + ++count;

const LINK = new RegExp(
  [
    "https?://[^\\s<>]*[\\w/]", // a page
    "[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+", // an e-mail address
    "\\b(?:[\\w-]+\\.)+(?:org|gov|com)\\b", // a site
    "(?:\\b1-)?\\(?\\b\\d{3}\\)?[- .]\\d{3}[- .]\\d{4}\\b", // a phone number
    "\\b(?:911|988)\\b",
  ].join("|"),
  "gi",
);

/** The `tel:` address of a number as people write it. */
export function telephone(number) {
  const digits = number.replace(/\D/g, "");
  return "tel:" + (digits.length < 10 ? "" : digits.length === 10 ? "+1" : "+") + digits;
}

function target(piece) {
  if (piece.includes("@")) return "mailto:" + piece;
  if (/^http/i.test(piece)) return piece;
  return /[a-z]/i.test(piece) ? "https://" + piece : telephone(piece);
}

/** Text and links of one line. */
function linked(line) {
  const parts = [];
  let end = 0;
  for (const { 0: piece, index } of line.matchAll(LINK)) {
    const href = target(piece);
    const away = href.startsWith("http") && { target: "_blank", rel: "noopener noreferrer" };
    parts.push(line.slice(end, index), el("a", { href, text: piece, ...away }));
    end = index + piece.length;
  }
  return [...parts, line.slice(end)];
}

/** Puts a text into an element; with links and lists unless a patient wrote it. */
export function fill(node, text, isOurs = true) {
  let list;
  for (const line of text.split("\n")) {
    if (isOurs && line.startsWith("- ")) {
      if (!list) node.append((list = el("ul")));
      list.append(el("li", {}, ...linked(line.slice(2))));
    } else {
      list = null;
      if (line.trim()) node.append(el("p", { dir: "auto" }, ...(isOurs ? linked(line) : [line])));
    }
  }
  return node;
}
