// Every staff page: live events, urgent entries in the title, sound and notifications.
//
// One tab of a browser holds the event stream for all of them (a browser opens only six
// connections to a server) and passes on what it hears. Pages listen on document to
// "staff:queue" and to "staff:conversation" (detail: {id, typing?}).
'use strict';

(() => {
  const bar = document.getElementById('alarm');
  if (!bar) return;

  const LOST_AFTER = 5_000; // ms without a stream, and the page says so
  const POLL_EVERY = 15_000; // while there is none
  const RING_EVERY = 10_000; // until somebody acknowledges
  const NOTIFY_EVERY = 60_000;
  const SIGNED_OUT_AFTER = 1_000;
  const BACKGROUND = { 'X-Background': '1', 'HX-Request': 'true' };

  const by = (id) => document.getElementById(id);
  const others = 'BroadcastChannel' in window ? new BroadcastChannel('staff') : null;
  const known = new Set(); // entries that were told of
  let urgent = [];
  let isLeader = false;
  let isLost = false;

  // --- Between the tabs ---------------------------------------------------------
  const heard = {
    queue: (detail) => announce('queue', detail),
    conversation: (detail) => announce('conversation', detail),
    urgent: showUrgent,
    connection: showConnection,
    rang: () => { rangAt = Date.now(); },
    // Later: who pressed the button here is on the way to the next page already.
    signed_out: () => setTimeout(() => location.reload(), SIGNED_OUT_AFTER),
    hello: () => { if (isLeader) tell('connection', isLost); },
  };
  function announce(name, detail) {
    document.dispatchEvent(new CustomEvent(`staff:${name}`, { detail }));
  }
  function tell(name, detail = null) {
    others?.postMessage({ name, detail });
    heard[name](detail);
  }
  others?.addEventListener('message', ({ data }) => heard[data.name]?.(data.detail));

  // --- The stream, or asking now and then ---------------------------------------
  let source;
  let watchdog; // the server says "here" now and then; if it does not, it is gone
  let lostTimer;
  let pollTimer;

  function listen() {
    source?.close();
    source = new EventSource(bar.dataset.events);
    source.onopen = () => connected(60);
    source.addEventListener('here', (event) => connected(JSON.parse(event.data).seconds));
    source.addEventListener('queue', () => { tell('queue'); look(); });
    source.addEventListener('conversation', (event) => tell('conversation', JSON.parse(event.data)));
    source.addEventListener('signed_out', () => { source.close(); tell('signed_out'); });
    source.onerror = () => lost();
  }
  function connected(seconds) {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => { lost(); listen(); }, seconds * 2500);
    clearTimeout(lostTimer);
    clearInterval(pollTimer);
    lostTimer = pollTimer = undefined;
    if (bar.dataset.live !== 'yes') tell('connection', false);
  }
  function lost() {
    if (lostTimer || pollTimer) return;
    lostTimer = setTimeout(() => {
      lostTimer = undefined;
      tell('connection', true);
      poll();
      pollTimer = setInterval(poll, POLL_EVERY);
    }, LOST_AFTER);
  }
  function poll() {
    if (source.readyState === EventSource.CLOSED) listen();
    look().then(() => tell('queue'));
  }
  async function look() {
    let answer;
    try {
      answer = await fetch(bar.dataset.state, { headers: BACKGROUND, redirect: 'error' });
      if (answer.status === 401) return tell('signed_out');
      if (answer.ok) tell('urgent', (await answer.json()).urgent);
    } catch {
      // The stream finds out, and says so.
    }
    return undefined;
  }
  function lead() {
    isLeader = true;
    listen();
    window.addEventListener('online', listen);
    window.addEventListener('offline', () => source.dispatchEvent(new Event('error')));
    return new Promise(() => {}); // until the page is gone
  }
  window.addEventListener('pagehide', () => source?.close());
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  function showConnection(lostNow) {
    isLost = lostNow;
    bar.dataset.live = lostNow ? 'no' : 'yes';
    by('connection').textContent = lostNow
      ? 'The live connection is lost. This page asks every 15 seconds until it is back.'
      : '';
  }

  // --- Urgent entries -------------------------------------------------------------
  function showUrgent(entries) {
    urgent = entries;
    const count = urgent.length;
    const plain = document.title.replace(/^\(\d+\) /, '');
    document.title = count ? `(${count}) ${plain}` : plain;
    const link = by('urgent-now').firstElementChild;
    link.textContent = count === 1 ? '1 urgent: nobody has acknowledged it' : `${count} urgent: nobody has acknowledged them`;
    by('urgent-now').hidden = count === 0;
    const fresh = urgent.filter((entry) => !known.has(entry.key));
    known.clear();
    for (const entry of urgent) known.add(entry.key);
    if (fresh.length) {
      by('alarm-news').textContent = `New and urgent: ${fresh.map((entry) => entry.title).join('; ')}.`;
    } else if (!count) {
      by('alarm-news').textContent = '';
    }
    alarm(fresh.length > 0);
  }

  let ringTimer;
  let notifyTimer;
  function alarm(isNew) {
    if (!urgent.length) {
      clearInterval(ringTimer);
      clearInterval(notifyTimer);
      ringTimer = notifyTimer = undefined;
      note?.close();
      return;
    }
    if (isNew) { ring(); notify(); }
    ringTimer ??= setInterval(ring, RING_EVERY);
    notifyTimer ??= setInterval(notify, NOTIFY_EVERY);
  }

  // --- Sound ------------------------------------------------------------------------
  const wanted = {
    get sound() { try { return localStorage.getItem('staff-sound') === 'on'; } catch { return false; } },
    set sound(on) { try { localStorage.setItem('staff-sound', on ? 'on' : 'off'); } catch { /* for this page alone */ } },
  };
  const button = by('alarm-sound');
  let audio;
  let isOn = wanted.sound;
  let rangAt = 0;

  function ring() {
    if (!isOn || audio?.state !== 'running') return;
    // Of several tabs one is enough.
    setTimeout(() => {
      if (!urgent.length || Date.now() - rangAt < RING_EVERY / 2) return;
      tell('rang');
      bar.dataset.rang = String(Number(bar.dataset.rang ?? 0) + 1);
      for (const [at, pitch] of [[0, 880], [0.22, 660], [0.44, 880]]) tone(at, pitch);
    }, Math.random() * 250);
  }
  function tone(at, pitch) {
    const start = audio.currentTime + at;
    const wave = audio.createOscillator();
    const volume = audio.createGain();
    wave.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.25, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
    wave.connect(volume).connect(audio.destination);
    wave.start(start);
    wave.stop(start + 0.22);
  }
  // A browser lets a page sound only after a click or a key on it.
  async function wake() {
    if (!isOn) return;
    audio ??= new AudioContext();
    await Promise.race([audio.resume(), new Promise((done) => { setTimeout(done, 300); })]);
    showSound();
  }
  function showSound() {
    button.setAttribute('aria-pressed', String(isOn));
    button.textContent = isOn ? 'Sound is on' : 'Turn sound on';
    const isWaiting = isOn && audio?.state !== 'running';
    by('alarm-hint').textContent = isWaiting ? 'Click anywhere once, so that this page may sound.' : '';
  }
  button.addEventListener('click', async () => {
    isOn = !isOn;
    wanted.sound = isOn;
    if (isOn) {
      await wake();
      if (audio.state === 'running') tone(0, 660);
    } else {
      await audio?.suspend();
    }
    showSound();
  });
  for (const kind of ['pointerdown', 'keydown']) {
    document.addEventListener(kind, () => { if (audio?.state !== 'running') wake(); });
  }

  // --- Notifications: never a word of a patient, they show on locked screens ---------
  let note;
  function notify() {
    if (!isLeader || !urgent.length || window.Notification?.permission !== 'granted') return;
    note = new Notification('Urgent: the queue needs you', {
      body: 'Somebody may be in danger, and nobody has acknowledged it yet.',
      tag: 'urgent',
      renotify: true,
      requireInteraction: true,
    });
    note.onclick = () => { window.focus(); location.href = bar.dataset.queue; };
  }
  function showNotify() {
    by('alarm-notify').hidden = window.Notification?.permission !== 'default';
  }
  by('alarm-notify').addEventListener('click', async () => {
    await Notification.requestPermission();
    showNotify();
    notify();
  });

  by('alarm-switches').hidden = false;
  showSound();
  showNotify();
  if (isOn) wake();
  if (navigator.locks) navigator.locks.request('staff-events', lead);
  else lead();
  look();
  if (!isLeader) others?.postMessage({ name: 'hello', detail: null });
})();
