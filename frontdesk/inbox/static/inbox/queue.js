// The queue page: asks again when something has changed, and swaps only what differs.
'use strict';

(() => {
  // --- Waiting times go on ----------------------------------------------------------
  function words(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 1) return 'less than a minute';
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return `${hours} h ${minutes % 60} min`;
    return `${Math.floor(hours / 24)} days`;
  }
  function count() {
    for (const time of document.querySelectorAll('time.since')) {
      const said = words(Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000));
      if (time.textContent !== said) time.textContent = said;
    }
  }
  setInterval(count, 5_000);

  // --- Swapping what differs ----------------------------------------------------------
  // Elements are the same if their ids are; their content if data-version is.
  function merge(old, fresh, changed) {
    const had = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    const kept = new Set();
    let place = old.firstElementChild;
    for (const next of [...fresh.children]) {
      const before = had.get(next.id);
      const child = before ? reconcile(before, next, changed) : next;
      if (!before) changed.push(next);
      if (place === before) place = child;
      kept.add(child);
      if (child === place) place = child.nextElementSibling;
      else put(old, child, place);
    }
    for (const child of [...old.children]) if (!kept.has(child)) child.remove();
  }
  function put(parent, child, place) {
    // moveBefore keeps focus and what is open, where the browser has it.
    if (child.isConnected && parent.moveBefore) parent.moveBefore(child, place);
    else parent.insertBefore(child, place);
  }
  function reconcile(before, next, changed) {
    const version = before.dataset.version;
    if (version !== undefined && version === next.dataset.version) return before;
    if (next.hasAttribute('data-keyed')) {
      before.className = next.className;
      if (next.dataset.version !== undefined) before.dataset.version = next.dataset.version;
      merge(before, next, changed);
      return before;
    }
    const state = remember(before);
    before.replaceWith(next);
    restore(next, state);
    changed.push(next);
    return next;
  }
  function remember(part) {
    return {
      open: [...part.querySelectorAll('details[open]')].map((menu) => menu.id),
      typed: [...part.querySelectorAll('select, input:not([type=hidden])')].map((field) => [field.id, field.value, field.checked]),
    };
  }
  function restore(part, state) {
    const find = (id) => id && part.querySelector(`#${CSS.escape(id)}`);
    for (const id of state.open) {
      const menu = find(id);
      if (menu) menu.open = true;
    }
    for (const [id, value, checked] of state.typed) {
      const field = find(id);
      if (!field) continue;
      if (field.type === 'radio' || field.type === 'checkbox') field.checked = checked;
      else field.value = value;
    }
  }

  function swap(target, fragment) {
    const fresh = fragment.querySelector('#queue');
    if (!fresh) return [];
    const focused = document.activeElement;
    const id = target.contains(focused) ? focused.id : '';
    const entry = id ? focused.closest('.entry')?.id : '';
    const changed = [];
    merge(target, fresh, changed);
    if (fresh.dataset.wake) target.dataset.wake = fresh.dataset.wake;
    else delete target.dataset.wake;
    if (id && document.activeElement !== document.getElementById(id)) focusAgain(id, entry);
    count();
    wakeUp();
    return changed.filter((part) => part.isConnected);
  }
  // Where somebody was, else in the same entry, else at the beginning.
  function focusAgain(id, entry) {
    const near = entry && document.getElementById(entry);
    const again = document.getElementById(id)
      ?? near?.querySelector('.buttons button, .buttons a, button')
      ?? document.getElementById('queue-title');
    again.focus({ preventScroll: again.id !== 'queue-title' });
  }
  htmx.defineExtension('rows', {
    isInlineSwap: (style) => style === 'rows',
    handleSwap: (style, target, fragment) => (style === 'rows' ? swap(target, fragment) : false),
  });

  // --- Asking again ---------------------------------------------------------------------
  const SOON = 150; // ms: what comes together is asked for once
  const MOST_OFTEN = 1_000;
  const AT_LEAST = 60_000; // presence and times change without news
  let asked = 0;
  let timer;
  function again() {
    if (timer) return;
    const pause = Math.max(SOON, asked + MOST_OFTEN - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      asked = Date.now();
      htmx.trigger('#queue-again', 'again');
    }, pause);
  }
  document.addEventListener('staff:queue', again);
  document.addEventListener('staff:conversation', ({ detail }) => {
    const isShown = document.getElementById(`c-${detail.id}`) || document.getElementById(`off-c-${detail.id}`);
    if (isShown && detail.typing === undefined) again();
  });
  setInterval(again, AT_LEAST);

  // What was put off comes back at its time.
  let wakeTimer;
  function wakeUp() {
    clearTimeout(wakeTimer);
    const at = Date.parse(document.getElementById('queue')?.dataset.wake ?? '');
    if (!Number.isNaN(at)) wakeTimer = setTimeout(again, Math.min(at - Date.now() + 500, 2_000_000_000));
  }

  // Opening one menu closes the others.
  document.addEventListener('toggle', ({ target }) => {
    if (!target.open || !target.matches('details.menu')) return;
    for (const menu of document.querySelectorAll('details.menu[open]')) if (menu !== target) menu.open = false;
  }, true);

  count();
  wakeUp();
})();
