/** `<trunkline-inspector>`: when it asks, and which panel shows the answers. */
import { FrameLog } from '../frames/frame-log.ts';
import type { Inspected } from '../inspected.ts';
import { Rates } from '../recording/rates.ts';
import { type Recording, recordingOf } from '../recording/recording.ts';
import { reportFile } from '../report-file.ts';
import type { View } from '../view.ts';
import { make, setAttribute, setText } from './dom.ts';
import type { Panel } from './panel.ts';
import { createConnectionPanel } from './panels/connection-panel.ts';
import { createFramesPanel } from './panels/frames-panel.ts';
import { createHubPanel } from './panels/hub-panel.ts';
import { createOutboxPanel } from './panels/outbox-panel.ts';
import { createStoragePanel } from './panels/storage-panel.ts';
import { createTopicsPanel } from './panels/topics-panel.ts';
import { save } from './save.ts';
import { styles } from './styles.ts';
import { createTabs, type Tabs } from './tabs.ts';
import { sayState, sayTime, toneOf } from './words.ts';

const ASK_EVERY_MS = 1_000;

/** While it is part of a document, and has a client. */
interface Life {
  readonly client: Inspected;
  readonly recording: Recording;
  readonly rates: Rates;
  /** `null`: it is not known yet of which application. */
  frames: FrameLog | null;
  report: View['report'];
  reportedAt: number;
  estimate: View['estimate'];
  isAsking: boolean;
  readonly end: () => void;
}

declare global {
  interface HTMLElementTagNameMap {
    'trunkline-inspector': TrunklineInspector;
  }
}

/**
 * What a client, its hub and its line do, in panels. It asks the hub once a second, while it is part of a visible document.
 *
 * Its attribute `docked` sets it below everything, over the page. Custom properties change its looks: see docs/inspector.md.
 */
export class TrunklineInspector extends HTMLElement {
  readonly #panels: readonly Panel[];
  readonly #tabs: Tabs;
  readonly #state = make('strong', { class: 'state' });
  readonly #asOf = make('span', { class: 'note' });
  readonly #payloads = make('input', { type: 'checkbox' });
  #client: Inspected | null = null;
  #life: Life | null = null;
  #isDrawing = false;
  /** What had the focus before it came. */
  #before: Element | null = null;

  constructor() {
    super();
    this.#panels = [
      createHubPanel(),
      createConnectionPanel(),
      createTopicsPanel(),
      createOutboxPanel(),
      createFramesPanel(),
      createStoragePanel(),
    ];
    const tabs = this.#panels.map(({ name, label, element }) => ({ name, label, panel: element }));
    this.#tabs = createTabs(tabs, 'hub', () => this.#draw());
    this.#payloads.addEventListener('change', () => {
      this.#askFrames();
      this.#draw();
    });
    const exports = make('button', { type: 'button' }, 'Export');
    exports.addEventListener('click', () => save(`trunkline-${Date.now()}.json`, this.report()));
    const close = make(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close the inspector' },
      '×',
    );
    close.addEventListener('click', () => this.remove());
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [styles()];
    root.append(
      make(
        'header',
        {},
        this.#state,
        this.#asOf,
        make('label', {}, this.#payloads, 'Payloads'),
        exports,
        close,
      ),
      this.#tabs.list,
      ...this.#panels.map(({ element }) => element),
    );
    this.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.hasAttribute('docked')) this.remove();
    });
    // It may have been set before the element was defined.
    if (Object.hasOwn(this, 'client')) {
      const { client } = this;
      Reflect.deleteProperty(this, 'client');
      this.client = client;
    }
  }

  /** The client that is shown, of `createClient`. @default null */
  get client(): Inspected | null {
    return this.#client;
  }

  set client(client: Inspected | null) {
    if (client === this.#client) return;
    this.#end();
    this.#client = client;
    this.#begin();
  }

  /**
   * What the button "Export" saves: JSON for a bug report. Without tokens; what commands and frames say is in it if payloads are shown.
   *
   * @throws Error without a client
   */
  report(): string {
    const view = this.#view();
    if (!view) throw new Error('<trunkline-inspector> is in no document, or has no client');
    return reportFile(view);
  }

  override focus(): void {
    this.#tabs.focus();
  }

  connectedCallback(): void {
    this.#before = document.activeElement;
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost && this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus();
    this.#before = null;
  }

  #begin(): void {
    const client = this.#client;
    if (!client || !this.isConnected || this.#life) return;
    const recording = recordingOf(client);
    const timer = setInterval(() => this.#ask(), ASK_EVERY_MS);
    const draw = () => this.#draw();
    const stops = [recording.listen(draw), client.outbox.storage.subscribe(draw)];
    const life: Life = {
      client,
      recording,
      rates: new Rates(),
      frames: null,
      report: null,
      reportedAt: 0,
      estimate: null,
      isAsking: false,
      end() {
        clearInterval(timer);
        for (const stop of stops) stop();
        life.frames?.close();
      },
    };
    this.#life = life;
    this.#ask();
    draw();
  }

  #end(): void {
    this.#life?.end();
    this.#life = null;
  }

  async #ask(): Promise<void> {
    const life = this.#life;
    if (!life || document.visibilityState === 'hidden') return;
    this.#draw();
    this.#askFrames();
    if (life.isAsking) return;
    life.isAsking = true;
    try {
      const report = await life.client.inspect();
      life.report = report;
      life.reportedAt = Date.now();
      life.rates.heard(report, life.reportedAt);
      // It is not waited for.
      estimate().then(
        (now) => {
          life.estimate = now;
        },
        () => {},
      );
    } catch {
      // The hub is gone, or the client closed: the connection says so, and the next hub answers.
    } finally {
      life.isAsking = false;
    }
    if (this.#life !== life) return;
    if (!life.frames && life.report) {
      life.frames = new FrameLog(life.report.app, () => this.#draw());
      this.#askFrames();
    }
    this.#draw();
  }

  #askFrames(): void {
    this.#life?.frames?.ask(this.#life.recording.sessions, this.#payloads.checked);
  }

  /** With the next frame of the screen. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const view = this.#view();
      if (!view) return;
      setText(this.#state, sayState(view.connection));
      setAttribute(this.#state, 'data-tone', toneOf(view.connection));
      setText(this.#asOf, sayAsOf(view));
      this.#panels.find(({ name }) => name === this.#tabs.current())?.update(view);
    });
  }

  #view(): View | null {
    const life = this.#life;
    if (!life) return null;
    const { client, recording, rates, report, reportedAt } = life;
    return {
      now: Date.now(),
      connection: client.connection.get(),
      storage: client.outbox.storage.get(),
      report,
      reportedAt,
      estimate: life.estimate,
      recording,
      rates,
      frames: life.frames?.frames ?? [],
      hasRecorder: life.frames?.isHeard ?? false,
      showsPayloads: this.#payloads.checked,
    };
  }
}

/** A hub answers at once: one that has not for so long is gone, or busy. */
const OLD_MS = 3_000;

function sayAsOf({ report, reportedAt, now }: View): string {
  if (!report) return 'no hub has answered yet';
  return now - reportedAt > OLD_MS ? `the hub does not answer; as of ${sayTime(reportedAt)}` : '';
}

async function estimate(): Promise<View['estimate']> {
  // Only where the page is secure.
  const storage = navigator.storage as StorageManager | undefined;
  const { usage, quota } = (await storage?.estimate?.()) ?? {};
  return usage === undefined || quota === undefined ? null : { usage, quota };
}
