// Correcting messages in the transcript: keys, the list of all intents, the switch.
'use strict';

(() => {
  const page = document.getElementById('conversation');
  const dialog = document.getElementById('all-intents');
  const search = document.getElementById('all-intents-search');
  const list = document.getElementById('all-intents-list');
  const count = document.getElementById('all-intents-count');
  const toggle = document.getElementById('correcting');
  const keysOn = document.getElementById('keys-on');
  const KEPT = 'conversation-correcting';

  // --- The switch: who does not train sees the plain transcript --------------------------
  function show(on) {
    page.classList.toggle('not-correcting', !on);
    toggle.setAttribute('aria-pressed', String(on));
  }
  const isOn = () => toggle.getAttribute('aria-pressed') === 'true';
  show((localStorage.getItem(KEPT) ?? toggle.dataset.default) === 'on');
  toggle.addEventListener('click', () => {
    show(!isOn());
    localStorage.setItem(KEPT, isOn() ? 'on' : 'off');
  });

  // --- The list of all intents ------------------------------------------------------------
  let asking = null; // the form that waits for an intent

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of list.querySelectorAll('section')) {
      const name = group.querySelector('h3').textContent.toLowerCase();
      let any = false;
      for (const button of group.querySelectorAll('button')) {
        const text = `${name} ${button.textContent.toLowerCase()} ${button.dataset.intent}`;
        button.hidden = !words.every((word) => text.includes(word));
        if (!button.hidden) { any = true; found += 1; }
      }
      group.hidden = !any;
    }
    count.textContent = words.length ? `${found} found` : '';
  }
  function ask(form) {
    asking = form;
    const quote = form.closest('.annotate').dataset.quote;
    document.getElementById('all-intents-quote').textContent = quote;
    search.value = '';
    filter();
    dialog.showModal();
    search.focus();
  }
  function choose(intent) {
    const field = asking.querySelector('[data-chosen]');
    field.disabled = false;
    field.value = intent;
    dialog.close();
    asking.requestSubmit();
  }
  search.addEventListener('input', filter);
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const shown = [...list.querySelectorAll('button')].filter((button) => !button.hidden);
    if (search.value.trim() && shown.length) choose(shown[0].dataset.intent);
  });
  list.addEventListener('click', (event) => {
    const button = event.target.closest('[data-intent]');
    if (button) choose(button.dataset.intent);
  });
  page.addEventListener('click', (event) => {
    const link = event.target.closest('[data-all]');
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    ask(link.closest('form'));
  });

  // --- Keys: they press the button of the message that has the focus ----------------------
  const isFree = (event) => {
    const field = event.target.closest('input, textarea, select, [contenteditable]');
    const isWriting = field && field.type !== 'radio' && field.type !== 'checkbox';
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    return isPlain && !isWriting && keysOn.checked && !document.querySelector('dialog[open]');
  };
  document.addEventListener('keydown', (event) => {
    if (!isFree(event) || !isOn()) return;
    const part = document.activeElement.closest('#log article')?.querySelector('.annotate');
    if (!part) return;
    if (event.key === 'x') {
      const details = part.querySelector('.example');
      if (!details) return;
      event.preventDefault();
      details.open = true;
      details.querySelector('textarea').focus();
      return;
    }
    const button = /^[a-z1-9]$/.test(event.key) && part.querySelector(`[data-key="${event.key}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // Who corrected a message goes on from it, also after its part of the page is a new one.
  let at = null;
  document.body.addEventListener('htmx:beforeRequest', (event) => {
    const part = event.target.closest?.('.annotate');
    at = part && part.contains(event.target) ? part.dataset.number : null;
  });
  // With the swap, not after it: whoever has pressed a key since is already elsewhere.
  document.body.addEventListener('htmx:afterSwap', () => {
    if (at === null) return;
    const message = document.getElementById(`message-${at}`);
    const alert = message?.querySelector('.annotate [role=alert]');
    if (message && document.activeElement === document.body) message.focus();
    if (alert) alert.scrollIntoView({ block: 'nearest' });
    at = null;
  });
  document.body.addEventListener('htmx:responseError', (event) => {
    if (event.target.closest?.('.annotate')) {
      window.alert('Not saved. Please check the connection and try again.');
    }
  });
})();
