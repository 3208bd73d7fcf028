// Runs before every script of a page: notes what live regions say and what the
// content security policy refuses. Shadow roots are watched too, closed ones as well.
(() => {
  const seen = (window.bench = { violations: [], announced: [] });
  document.addEventListener("securitypolicyviolation", (event) =>
    seen.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));

  const LIVE = "[aria-live], [role=log], [role=status], [role=alert], output";
  const above = (node) => node.assignedSlot || node.parentNode || node.host;

  /** Whether a screen reader hears of text that changes here. */
  function isHeard(node) {
    for (let at = node; at; at = above(at)) {
      if (at.nodeType !== 1 || !at.matches(LIVE)) continue;
      return at.getAttribute("aria-live") !== "off" && at.checkVisibility();
    }
    return false;
  }

  function hear(node) {
    if (isHeard(node)) return say(node.textContent);
    // A region that comes with its text; generous, since not every reader says it.
    for (const region of node.querySelectorAll?.(LIVE) || []) {
      if (isHeard(region)) say(region.textContent);
    }
  }

  function say(text) {
    const words = text.trim().replace(/\s+/g, " ");
    if (words) seen.announced.push(words);
  }

  const watcher = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") hear(target);
      else addedNodes.forEach(hear);
    }
  });
  const watch = (root) =>
    watcher.observe(root, { childList: true, characterData: true, subtree: true });
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    watch(root);
    return root;
  };
  watch(document);
})();
