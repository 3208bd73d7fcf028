// Keys in lists of conversations: / words, j and k along the list, n the next to review.
'use strict';

// Single keys can be switched off, on the page of a conversation.
const areOff = () => localStorage.getItem('conversation-keys-off') !== null;

function isTyping(event) {
  const { target } = event;
  return areOff() || event.altKey || event.ctrlKey || event.metaKey || event.isComposing
    || target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
}

function move(step) {
  const links = [...document.querySelectorAll('[data-list] h3 a')];
  if (!links.length) return;
  const now = links.indexOf(document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : now + step;
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  n: () => document.querySelector('[data-next]')?.click(),
  '/': () => {
    const words = document.querySelector('input[type=search]');
    words?.focus();
    words?.select();
  },
};

document.addEventListener('keydown', (event) => {
  const act = KEYS[event.key];
  if (!act || isTyping(event)) return;
  event.preventDefault();
  act();
});

// An address says what was asked for, not what was left empty.
document.querySelector('form.search')?.addEventListener('formdata', (event) => {
  for (const [name, value] of [...event.formData]) {
    if (value === '') event.formData.delete(name);
  }
});
