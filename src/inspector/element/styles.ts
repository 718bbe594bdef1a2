/**
 * How all of it looks. A sheet of its own needs no leave of a Content-Security-Policy. Whoever embeds it sets the custom properties
 * `--trunkline-inspector-…`.
 */

const CSS = `
:host {
  --i-bg: var(--trunkline-inspector-background, #fff);
  --i-raised: var(--trunkline-inspector-raised, #f4f6f8);
  --i-line: var(--trunkline-inspector-line, #dde2e8);
  --i-text: var(--trunkline-inspector-text, #17202b);
  --i-soft: var(--trunkline-inspector-soft, #51606f);
  --i-accent: var(--trunkline-inspector-accent, #2456d6);
  --i-good: var(--trunkline-inspector-good, #127345);
  --i-busy: var(--trunkline-inspector-busy, #1d60d2);
  --i-waits: var(--trunkline-inspector-waits, #8a5208);
  --i-bad: var(--trunkline-inspector-bad, #bd2a2a);
  --i-quiet: var(--i-soft);
  display: flex;
  flex-direction: column;
  height: 32rem;
  min-height: 0;
  background: var(--i-bg);
  color: var(--i-text);
  font: 12px/1.45 var(--trunkline-inspector-font, system-ui, sans-serif);
  font-variant-numeric: tabular-nums;
  container-type: inline-size;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --i-bg: var(--trunkline-inspector-background, #151b23);
    --i-raised: var(--trunkline-inspector-raised, #1d2530);
    --i-line: var(--trunkline-inspector-line, #2c3744);
    --i-text: var(--trunkline-inspector-text, #e6ebf1);
    --i-soft: var(--trunkline-inspector-soft, #a2aebc);
    --i-accent: var(--trunkline-inspector-accent, #7ba6ff);
    --i-good: var(--trunkline-inspector-good, #50c98d);
    --i-busy: var(--trunkline-inspector-busy, #74a8ff);
    --i-waits: var(--trunkline-inspector-waits, #eeb250);
    --i-bad: var(--trunkline-inspector-bad, #ff8078);
  }
}
:host([docked]) {
  position: fixed;
  inset: auto 0 0;
  z-index: 2147483647;
  height: min(24rem, 60vh);
  border-top: 1px solid var(--i-line);
  box-shadow: 0 -8px 24px rgb(0 0 0 / 18%);
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; }
[data-tone="good"] { --i-tone: var(--i-good); }
[data-tone="busy"] { --i-tone: var(--i-busy); }
[data-tone="waits"] { --i-tone: var(--i-waits); }
[data-tone="bad"] { --i-tone: var(--i-bad); }
[data-tone="quiet"] { --i-tone: var(--i-quiet); }
:focus-visible { outline: 2px solid var(--i-accent); outline-offset: -2px; }
header, .bar {
  display: flex;
  flex: none;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px 10px;
  padding: 6px 10px;
}
header .note { flex: 1; }
.state { color: var(--i-tone); }
.state::before { content: "● "; }
.note { color: var(--i-soft); overflow-wrap: anywhere; }
label { display: flex; align-items: center; gap: 4px; }
button, input, select {
  min-height: 24px;
  padding: 0 8px;
  border: 1px solid var(--i-line);
  border-radius: 5px;
  background: var(--i-bg);
  color: var(--i-text);
  font: inherit;
}
input[type="checkbox"] { min-height: 0; accent-color: var(--i-accent); }
input[type="search"] { flex: 1 1 8rem; min-width: 0; max-width: 18rem; }
button { cursor: pointer; }
button:hover, button[aria-pressed="true"] { background: var(--i-raised); border-color: var(--i-soft); }
:host(:not([docked])) .close { display: none; }
.tabs {
  display: flex;
  flex: none;
  overflow-x: auto;
  scrollbar-width: none;
  padding: 0 6px;
  border-bottom: 1px solid var(--i-line);
}
.tabs button {
  flex: none;
  min-height: 28px;
  border: 0;
  border-bottom: 2px solid transparent;
  border-radius: 0;
  background: none;
  color: var(--i-soft);
}
.tabs [aria-selected="true"] { border-color: var(--i-accent); color: var(--i-text); font-weight: 600; }
section[role="tabpanel"] { display: flex; flex: 1; flex-direction: column; gap: 6px; min-height: 0; }
.scrolls { overflow-y: auto; padding-bottom: 10px; }
section > .note, h3 { padding: 6px 10px 0; }
h3 { flex: none; color: var(--i-soft); font-size: inherit; font-weight: 600; }
.facts {
  display: grid;
  flex: none;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr));
  gap: 6px 12px;
  padding: 6px 10px;
}
.facts dt { color: var(--i-soft); }
.facts dd { font-weight: 550; overflow-wrap: anywhere; }
.key { grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); }
.key div { display: flex; flex-direction: column-reverse; }
.key dd { font-size: 20px; font-weight: 650; line-height: 1.25; }
.charts { display: grid; flex: none; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 12px; padding: 6px 10px; }
.chart { display: grid; grid-template-columns: 1fr auto; color: var(--i-soft); }
.chart .figure { color: var(--i-text); font-weight: 550; }
.chart svg { grid-column: 1 / -1; width: 100%; height: 32px; border-bottom: 1px solid var(--i-line); }
.chart polyline { fill: none; stroke: var(--i-accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.grid {
  position: relative;
  flex: 1;
  min-height: 112px;
  overflow: hidden auto;
  border-top: 1px solid var(--i-line);
  overflow-anchor: none;
}
.short { flex: none; max-height: 196px; min-height: 57px; border-bottom: 1px solid var(--i-line); }
.heads { position: sticky; top: 0; z-index: 1; background: var(--i-raised); color: var(--i-soft); }
.rows { position: relative; }
.row {
  display: grid;
  grid-template-columns: var(--i-columns);
  gap: 10px;
  align-items: center;
  height: 28px;
  padding: 0 10px;
  border-left: 3px solid var(--i-tone, transparent);
}
.rows .row { position: absolute; right: 0; left: 0; border-bottom: 1px solid var(--i-line); cursor: default; }
.rows .row:hover { background: var(--i-raised); }
.rows .row[aria-selected="true"] { background: color-mix(in srgb, var(--i-accent) 16%, var(--i-bg)); }
.cell { position: relative; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.number { text-align: right; }
.rows .drawn { align-self: stretch; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
i { position: absolute; background: var(--i-tone); }
.stretch { top: 9px; height: 10px; min-width: 2px; border-radius: 2px; }
.unseen { opacity: 0.35; }
.moment { top: 6px; width: 4px; height: 16px; margin-left: -4px; border-radius: 2px; }
.detail { flex: none; max-height: 45%; overflow: auto; border-top: 1px solid var(--i-line); background: var(--i-raised); }
pre {
  padding: 6px 10px;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
  font: 11px/1.5 var(--trunkline-inspector-mono, ui-monospace, monospace);
}
@container (max-width: 34rem) {
  .row { grid-template-columns: var(--i-major-columns); }
  .minor { display: none; }
}
`;

let sheet: CSSStyleSheet | undefined;

/** The same one for every inspector of the page. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
