// The transcript: live updates, keys, and what a person types. Text comes from Django.
'use strict';

(() => {
  const page = document.getElementById('conversation');
  const { id, here, typing, clock } = page.dataset;
  const BEAT_MILLISECONDS = Number(page.dataset.beat);
  const KEYS_OFF = 'conversation-keys-off';
  const POLL_MILLISECONDS = 3000;
  const TYPING_MILLISECONDS = 4000;
  const LONGEST_TYPING = 15000;

  const log = document.getElementById('log');
  const patientTyping = document.getElementById('patient-typing');
  const messages = () => [...log.querySelectorAll('article')];
  const isMine = () => !!page.querySelector('#presence[data-mine]');
  const post = (url, headers = {}) => {
    const body = new FormData();
    const token = page.querySelector('[name=csrfmiddlewaretoken]');
    if (token) body.append('csrfmiddlewaretoken', token.value);
    return fetch(url, { method: 'POST', body, credentials: 'same-origin', headers });
  };

  // --- What is new --------------------------------------------------------------------
  const refresh = () => window.htmx.trigger(document.body, 'conversation-changed');
  let typingTimer = 0;

  function showTyping(on) {
    clearTimeout(typingTimer);
    patientTyping.hidden = !on;
    if (on) typingTimer = setTimeout(() => showTyping(false), LONGEST_TYPING);
  }

  // alarm.js holds the one event stream of this browser, and passes on what it hears.
  document.addEventListener('staff:conversation', ({ detail }) => {
    if (detail.id !== id) return;
    if ('typing' in detail) showTyping(detail.typing);
    else refresh();
  });
  document.addEventListener('staff:queue', refresh);
  setInterval(() => {
    const isHeard = document.getElementById('alarm')?.dataset.live === 'yes';
    if (!isHeard && !document.hidden) refresh();
  }, POLL_MILLISECONDS);
  // Now and then all the same: what is said about waiting and idling grows old.
  setInterval(() => { if (!document.hidden) refresh(); }, 30000);

  // The form sticks to the lower edge: what is scrolled to must not lie behind it.
  function measure() {
    const talk = document.getElementById('talk');
    const sticks = talk && getComputedStyle(talk).position === 'sticky';
    page.style.setProperty('--composer', `${sticks ? talk.offsetHeight : 0}px`);
  }
  const toEnd = () => {
    measure();
    log.lastElementChild?.scrollIntoView({ block: 'nearest' });
  };
  window.addEventListener('resize', measure);
  measure();

  // New messages are scrolled to by who has read all of those before.
  let isAtEnd = true;
  const look = () => {
    const last = log.lastElementChild;
    isAtEnd = !last || last.getBoundingClientRect().top < window.innerHeight;
  };
  document.body.addEventListener('htmx:oobBeforeSwap', (event) => {
    if (event.detail.target === log) look();
  });
  document.body.addEventListener('htmx:oobAfterSwap', (event) => {
    if (event.detail.target !== log) return;
    showTyping(false);
    if (isAtEnd && isMine()) toEnd();
  });

  // --- A takeover: the page says that it is there --------------------------------------
  const beat = () => { if (isMine()) post(here, { 'X-Background': '1' }).catch(() => {}); };
  try {
    const ticks = new Worker(clock);
    ticks.addEventListener('message', beat);
    ticks.postMessage(BEAT_MILLISECONDS);
  } catch {
    setInterval(beat, BEAT_MILLISECONDS);
  }
  // The form is a new one after joining and after each message, and comes with the answer
  // or with the news, whichever is first. Who was writing goes on writing.
  let field = document.getElementById('say-text');
  new MutationObserver(() => {
    const found = document.getElementById('say-text');
    if (found && !field) toEnd(); // who has joined goes on where the patient is
    if (found && found !== field && document.activeElement === document.body) {
      found.focus({ preventScroll: getComputedStyle(found.closest('#talk')).position === 'sticky' });
    }
    field = found;
  }).observe(page, { childList: true, subtree: true });

  let toldAt = 0;
  page.addEventListener('input', (event) => {
    if (event.target.id !== 'say-text' || !event.target.value) return;
    if (Date.now() - toldAt < TYPING_MILLISECONDS) return;
    toldAt = Date.now();
    post(typing).catch(() => {});
  });
  window.addEventListener('beforeunload', (event) => {
    const field = document.getElementById('say-text');
    if (field && field.value.trim()) event.preventDefault();
  });

  function putIn(text) {
    const field = document.getElementById('say-text');
    if (!field) return;
    const space = field.value && !/\s$/.test(field.value.slice(0, field.selectionStart));
    field.setRangeText((space ? ' ' : '') + text, field.selectionStart, field.selectionEnd, 'end');
    field.focus();
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }

  page.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.canned) putIn(button.dataset.canned);
    if (button.dataset.do === 'print') window.print();
    if (button.dataset.do === 'keys') keys.showModal();
  });
  page.addEventListener('htmx:afterRequest', (event) => {
    if (event.target.id === 'say' && !event.detail.successful) {
      window.alert('Not sent. Please check the connection and try again.');
    }
  });

  // --- Keys -----------------------------------------------------------------------------
  const keys = document.getElementById('keys');
  const areOn = document.getElementById('keys-on');
  areOn.checked = localStorage.getItem(KEYS_OFF) === null;
  areOn.addEventListener('change', () => {
    if (areOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, '1');
  });

  const current = () => document.activeElement.closest('#log article');
  function go(step) {
    const all = messages();
    const from = all.indexOf(current());
    const to = from < 0 ? (step > 0 ? 0 : all.length - 1) : from + step;
    const found = all[Math.min(Math.max(to, 0), all.length - 1)];
    if (!found) return;
    measure();
    found.focus({ preventScroll: true });
    found.scrollIntoView({ block: 'nearest' });
  }
  function expand() {
    const details = current() && current().querySelector('details.behind');
    if (!details) return;
    details.open = !details.open;
    measure();
    current().scrollIntoView({ block: 'nearest' });
  }
  function focusOn(selector) {
    const field = page.querySelector(selector);
    if (field) field.focus();
  }
  const DEEDS = {
    j: () => go(1),
    k: () => go(-1),
    e: expand,
    n: () => page.querySelector('[data-next]')?.click(),
    r: () => focusOn('#review input:checked, #review input[type=radio], #review button'),
    '/': () => focusOn('#search'),
    '?': () => keys.showModal(),
  };
  document.addEventListener('keydown', (event) => {
    const field = event.target.closest('input, textarea, select, [contenteditable]');
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      if (event.target.id === 'say-text') {
        event.preventDefault();
        event.target.form.requestSubmit();
      }
      return;
    }
    const isKey = areOn.checked && !keys.open && !event.ctrlKey && !event.metaKey && !event.altKey;
    const isWriting = field && field.type !== 'radio' && field.type !== 'checkbox';
    const deed = Object.hasOwn(DEEDS, event.key) && DEEDS[event.key];
    if (!deed || !isKey || isWriting) return;
    event.preventDefault();
    deed();
  });

  // --- Addresses such as #message-12 ------------------------------------------------------
  function show() {
    const named = /^#message-\d+$/.test(window.location.hash);
    const found = named && document.getElementById(window.location.hash.slice(1));
    if (found) found.focus();
  }
  window.addEventListener('hashchange', show);
  show();
})();
