/** The live promise on a page: two tabs as frames, the server, and what a person does to the line between. */
import { type LiveServer, type ServerView, startServer } from './server.ts';

/** Pages of one origin agree by it which of them holds the server. */
const LOCK = 'live-promise: server';
const NAMES = ['Tab A', 'Tab B'] as const;

/**
 * Plays in this element until the answer is called.
 *
 * @param tab the address of the built `tab.html`
 */
export function playLive(element: HTMLElement, tab: string): () => void {
  const life = new AbortController();
  const { signal } = life;
  const frames = NAMES.map((name) => make('iframe', { src: tab, title: name }));
  const said = make('p', { className: 'live-said' });
  said.setAttribute('role', 'status');
  const line = make('button', { type: 'button', className: 'live-line' });
  const ask = make('button', { type: 'button', textContent: 'Ask again' });
  const controls = make('div', { className: 'live-controls' });
  controls.append(line, ask);
  const tabs = make('div', { className: 'live-tabs' });
  for (const [place, frame] of frames.entries()) tabs.append(withReload(frame, NAMES[place] ?? ''));
  element.replaceChildren(said, controls, tabs);

  let server: LiveServer | null = null;
  let view: ServerView | null = null;
  const show = (now: ServerView | null) => {
    view = now;
    said.textContent = now === null ? 'The server runs in another tab that shows this page.' : wordsOf(now);
    line.textContent = now?.isCut ? 'Mend the line' : 'Cut the line';
    line.setAttribute('aria-pressed', String(now?.isCut ?? false));
    line.disabled = now === null;
    ask.disabled = now === null || now.state === 'waiting';
  };
  if (!isSecureContext) {
    element.replaceChildren(
      'Browsers share no worker here, and have no locks: open this page by https:, or from localhost.',
    );
    return () => {};
  }
  show(null);
  line.onclick = () => {
    if (!view?.isCut) return server?.cut();
    server?.mend();
    // As a browser tells its pages that the network is back.
    for (const { contentWindow } of frames) contentWindow?.dispatchEvent(new Event('online'));
  };
  ask.onclick = () => server?.ask();

  const end = () => {
    life.abort();
    server?.end();
    server = null;
  };
  navigator.locks
    .request(LOCK, { signal }, async () => {
      if (signal.aborted) return;
      server = startServer(show);
      await server.ask();
      await aborted(signal);
    })
    .catch((error: unknown) => {
      if (!signal.aborted) said.textContent = `The server in this page did not start: ${error}`;
    });
  lendScheme(frames, signal);
  window.addEventListener('pagehide', end, { signal });
  // Out of the back/forward cache comes a page whose server has ended.
  window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
  return end;
}

function wordsOf({ state, accepted }: ServerView): string {
  if (state === 'waiting') return 'The server asks: may it deploy? No decision accepted yet.';
  return `The server has accepted ${accepted === 1 ? '1 decision' : `${accepted} decisions`}: ${state}.`;
}

/** The frames are as light or dark as the page, which a person may switch by itself. */
function lendScheme(frames: readonly HTMLIFrameElement[], signal: AbortSignal): void {
  const root = document.documentElement;
  const lend = () => {
    for (const { contentDocument } of frames) {
      contentDocument?.documentElement.style.setProperty('color-scheme', getComputedStyle(root).colorScheme);
    }
  };
  const switches = new MutationObserver(lend);
  switches.observe(root, { attributeFilter: ['class'] });
  signal.addEventListener('abort', () => switches.disconnect(), { once: true });
  for (const frame of frames) frame.addEventListener('load', lend, { signal });
}

function withReload(frame: HTMLIFrameElement, name: string): HTMLElement {
  const reload = make('button', { type: 'button', textContent: `Reload ${name}` });
  reload.onclick = () => frame.contentWindow?.location.reload();
  const head = make('div', { className: 'live-head' });
  head.append(make('strong', { textContent: name }), reload);
  const box = make('div', { className: 'live-tab' });
  box.append(head, frame);
  return box;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), properties);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
