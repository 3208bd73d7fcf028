/** One constructable sheet: it works where a page's policy forbids inline styles. */

const CSS = `
:host{all:initial}
:host([hidden]), [hidden]{display:none !important}
*{box-sizing:border-box}
.root {
  --accent:var(--clinic-chat-accent,#1c6a63);
  --on-accent:var(--clinic-chat-on-accent,#fff);
  --surface:var(--clinic-chat-surface,#fff);
  --text:var(--clinic-chat-text,#1c2928);
  --strong:var(--accent);
  --warm:#fdf1e7;
  --on-warm:#5c2a0b;
  --problem:#a3261c;
  color-scheme:light;
}
.root.dark {
  --surface:var(--clinic-chat-surface-dark,#151d1d);
  --text:var(--clinic-chat-text-dark,#e7efed);
  --strong:var(--clinic-chat-accent-dark,color-mix(in oklab,var(--accent) 45%,#e2fff9));
  --warm:#36251a;
  --on-warm:#ffdcc4;
  --problem:#ffb1a8;
  color-scheme:dark;
}
.root {
  --soft:color-mix(in srgb,var(--strong) 7%,var(--surface));
  --muted:color-mix(in srgb,var(--text) 74%,var(--surface));
  --line:color-mix(in srgb,var(--text) 56%,var(--surface));
  --hair:color-mix(in srgb,var(--text) 18%,var(--surface));
  --away:var(--clinic-chat-offset-inline,20px);
  --above:calc(var(--clinic-chat-offset-block,20px) + env(safe-area-inset-bottom,0px));
  color:var(--text);
  font:400 max(16px,1rem)/1.5 var(--clinic-chat-font,system-ui, "Segoe UI",Roboto,sans-serif);
}
h2,p,ul,ol{margin:0;padding:0}
h2{font-size:1.0625em;line-height:1.3;font-weight:650;overflow-wrap:anywhere}
a{color:inherit}
.icon{width:1.375em;height:1.375em;flex:none;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.draw-more{stroke-width:3}
.draw-down{rotate:180deg}
:dir(rtl) :is(.draw-send,.draw-back){transform:scaleX(-1)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus{outline:none}
:focus-visible{outline:3px solid var(--strong);outline-offset:2px}

button,.button{font:inherit;color:inherit;cursor:pointer}
.button{display:inline-flex;align-items:center;justify-content:center;gap:.4em;min-height:44px;padding:.4em .9em;border:1px solid var(--line);border-radius:22px;background:var(--surface);color:var(--text);text-decoration:none;font-size:.9375em;line-height:1.25;text-align:start}
.button:hover{border-color:var(--strong);background:var(--soft)}
.strong,.danger,.send, [aria-pressed="true"]{&.button, &.button:hover{background:var(--accent);border-color:transparent;color:var(--on-accent);font-weight:600} &:hover{filter:brightness(1.12)}}
.danger.button,.danger.button:hover{background:#a3261c;color:#fff}
.bare{width:44px;padding:0}
.plain{padding-inline:0}
.bare,.plain{&, &:hover{border-color:transparent}}
.small{min-height:36px;padding-block:.1em;font-size:.8125em;border-color:var(--hair);&.bare{width:36px}}
.choices{display:flex;flex-wrap:wrap;gap:8px;margin-block-start:10px}

.corner,.panel{position:fixed;z-index:var(--clinic-chat-z,2147483000);inset:auto;inset-block-end:var(--above);inset-inline-end:var(--away)}
.start :is(.corner,.panel){inset-inline:var(--away) auto}
.launcher{display:flex;align-items:center;gap:.5em;min-height:56px;padding:.5em 1.1em;border:1px solid transparent;border-radius:28px;background:var(--accent);color:var(--on-accent);font-weight:600;box-shadow:0 4px 20px #0004}
.badge{min-width:1.7em;padding:0 .4em;border-radius:1em;background:#fff;color:#8d1d14;font-size:.875em;border:1px solid transparent}

.panel{margin:0;padding:0;flex-direction:column;width:var(--clinic-chat-width,408px);height:var(--clinic-chat-height,680px);max-width:calc(100vw - 40px);max-height:calc(100dvh - 40px);overflow:hidden;border:1px solid var(--hair);border-radius:var(--clinic-chat-radius,16px);background:var(--surface);color:inherit;box-shadow:0 8px 40px #0004;overscroll-behavior:contain}
.panel[open],.page .panel{display:flex}
.page .panel{inset:0;width:100%;max-width:none;height:100dvh;max-height:none;border:0;border-radius:0}

.head{display:flex;align-items:flex-start;padding-block:10px;padding-inline:16px 8px;& > div{flex:1;min-width:0;padding-block-start:3px}}
.crisis,.outage p{font-size:.8125em;line-height:1.45}
.head p,.who,.note,.draft,.sources,.away,.system .bubble,.count{color:var(--muted);font-size:.8125em;line-height:1.45}
.head p{margin:0}
.presence::before{content:"";display:inline-block;width:.6em;height:.6em;margin-inline-end:.5em;border-radius:50%;border:1.5px solid var(--muted)}
.presence.on::before{background:#2c8a57}
.menu{display:grid;margin:0 12px 10px;padding:6px;border:1px solid var(--line);border-radius:12px;& .button{justify-content:flex-start;border-color:transparent;border-radius:8px}}
.crisis,.outage{padding:8px 16px;background:var(--warm);color:var(--on-warm);border-block:1px solid color-mix(in srgb,var(--on-warm) 22%,transparent)}
.crisis a{font-weight:700}

.main{display:flex;flex-direction:column;flex:1;min-height:0}
.talk{position:relative;flex:1;min-height:0;display:flex}
.scroll,.sheet{flex:1;min-width:0;overflow-y:auto;overscroll-behavior:contain;padding:14px 16px 16px}
.scroll{scroll-padding-block-end:80px}
.scroll:focus-visible{outline-offset:-3px}
.jump{position:absolute;inset-block-end:8px;inset-inline:0;margin-inline:auto;width:fit-content;box-shadow:0 4px 20px #0004}
.away{margin-block-end:14px}
.log{list-style:none;&:empty{display:none} & ul{list-style:disc}}
.row{display:flex;flex-direction:column;align-items:flex-start;margin-block-start:14px}
.row:first-child{margin-block-start:0}
.joined.row{margin-block-start:4px;& > .who{display:none}}
.who{display:flex;gap:.6em;margin-block-end:3px;& b{font-weight:500}}
.bubble{max-width:94%;padding:.6em .9em;border:1px solid transparent;border-radius:14px;border-start-start-radius:4px;background:var(--soft);overflow-wrap:anywhere}
:is(p,ul) + :is(p,ul){margin-block-start:.5em}
.crisis div{margin-block-start:2px}
ul{padding-inline-start:1.15em}
li + li{margin-block-start:.2em}
.patient{align-items:flex-end;& .bubble{border-radius:14px;border-start-end-radius:4px;background:var(--accent);color:var(--on-accent)}}
.staff .bubble{background:color-mix(in srgb,var(--strong) 16%,var(--surface));border-color:var(--strong)}
.system{align-items:center;& .bubble{background:none;text-align:center;padding-block:0}}
.urgent .bubble{max-width:100%;background:var(--warm);color:var(--on-warm);border:2px solid}
.note,.draft,.why,.tools,.sources{margin-block-start:6px}
.extras{width:100%}
.tools{display:flex;gap:4px}
.draft{font-style:italic}
.sources{padding-inline-start:14px;border-inline-start:3px solid var(--hair);overflow-wrap:anywhere}
.line{display:flex;gap:8px;align-items:flex-end}
.typing{display:inline-flex;gap:5px;margin-block-start:14px;padding:14px 16px;border-radius:14px;background:var(--soft);& i{width:7px;height:7px;border-radius:50%;background:var(--muted)}}
.card{margin-block-end:14px;padding:14px 16px;border:1px solid var(--hair);border-radius:14px;background:var(--soft)}
.log:not(:empty) ~ div > .card{margin-block:14px 0}
.ask .choices{position:sticky;inset-block-end:-16px;box-shadow:0 -1px var(--hair);margin-inline:-16px;margin-block-end:-14px;padding:10px 16px 14px;border-radius:0 0 14px 14px;background:inherit}
.ask .choices .button{padding-inline:.65em}
.choices:empty{display:none}
.card h2,.sheet h2{margin-block-end:.4em}
.tick{display:flex;gap:10px;margin-block-start:10px;& label{padding-block:8px} & input{flex:none;width:24px;height:24px;margin:9px 0 0;accent-color:var(--strong)}}

.composer{padding:8px 12px;border-block-start:1px solid var(--hair);padding-block-end:max(12px,env(safe-area-inset-bottom,0px))}
.shortcuts{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;margin-block-end:8px;& .button{font-size:.875em}}
.problem{font-size:.875em}
.problem,.over{color:var(--problem)}
input:not([type="checkbox"]),textarea{flex:1;width:100%;min-width:0;min-height:46px;padding:.6em .85em;border:1px solid var(--line);border-radius:14px;background:var(--surface);color:inherit;font:inherit;resize:none}
textarea{max-height:8.5em;line-height:1.4}
:is(textarea,input):focus-visible{outline-offset:0}
::placeholder{color:var(--muted);opacity:1}
.bare.send{font-size:1.1em;width:46px;min-height:46px;border-radius:50%}
.field{margin-block-start:14px}
.field label,.why label{font-weight:600;font-size:.9375em}
input[aria-invalid="true"]{border:2px solid var(--problem)}

@media (max-width: 520px), (max-height: 480px) {
  .root:not(.page) .panel{inset:var(--top,0) 0 auto;width:100%;max-width:none;height:var(--height,100dvh);max-height:none;border:0;border-radius:0;padding:env(safe-area-inset-top,0px) env(safe-area-inset-right,0px) 0 env(safe-area-inset-left,0px)}
}
@media (max-height: 480px) {
  .panel{overflow-y:auto}
  .panel[open],.page .panel,.main,.talk{display:block}
  .scroll,.sheet{overflow:visible}
  .ask .choices{position:static}
  .jump{display:none}
}
@media (prefers-reduced-motion: no-preference) {
  .typing i{animation:beat 1.2s infinite;&:nth-child(2){animation-delay:.15s} &:nth-child(3){animation-delay:.3s}}
  @keyframes beat{30%{opacity:.3}}
}
@media (forced-colors: active) {
  .button,.launcher,.bubble,.card,.typing,.crisis,.outage,.badge{border:1px solid}
  .strong.button,.send.button,.launcher, [aria-pressed="true"].button{border:3px solid Highlight}
  .typing i{background:CanvasText}
}
`;

let look;

/** Gives a shadow root its look. */
export function dress(root) {
  if (!look) {
    look = new CSSStyleSheet();
    look.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [look];
}
