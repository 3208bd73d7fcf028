// Ticks for conversation.js: a timer of a worker goes on while the page is in the
// background, where a browser slows a page's own timers down.
'use strict';
onmessage = ({ data }) => setInterval(() => postMessage('tick'), data);
