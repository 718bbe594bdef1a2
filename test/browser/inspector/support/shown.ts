/** An inspector in the test's page, and what a person finds in it. */
import { expect, onTestFinished } from 'vitest';
import { defineInspector, type Inspected, type TrunklineInspector } from '../../../../src/inspector/index.ts';

export interface Shown {
  readonly inspector: TrunklineInspector;
  /** Chooses a panel by its tab. */
  open(label: string): Promise<void>;
  /** What is shown, of the panel in sight. */
  text(): string;
  /** The rows of the table in sight, each as its cells. */
  rows(): string[][];
  /** The value of a name in a list of facts. */
  fact(label: string): string | undefined;
  grid(): HTMLElement;
  find(selector: string): HTMLElement;
}

export async function show(client: Inspected): Promise<Shown> {
  await defineInspector();
  const inspector = document.createElement('trunkline-inspector');
  inspector.client = client;
  document.body.append(inspector);
  onTestFinished(() => inspector.remove());
  const root = inspector.shadowRoot ?? expect.fail('it has no shadow root');
  const find = (selector: string) => {
    const found = root.querySelector(selector);
    return found instanceof HTMLElement ? found : expect.fail(`there is no ${selector}`);
  };
  const panel = () => find('[role="tabpanel"]:not([hidden])');
  const grid = () => {
    const found = panel().querySelector('[role="grid"]');
    return found instanceof HTMLElement ? found : expect.fail('there is no table');
  };
  return {
    inspector,
    find,
    grid,
    async open(label) {
      [...root.querySelectorAll<HTMLElement>('[role="tab"]')]
        .find(({ textContent }) => textContent === label)
        ?.click();
      await painted();
    },
    text: () => panel().innerText,
    rows: () =>
      [...grid().querySelectorAll('.rows [role="row"]')]
        .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
        .map((row) => [...row.children].map(({ textContent }) => textContent ?? '')),
    fact: (label) =>
      [...panel().querySelectorAll('dl > div:not([hidden])')]
        .find((line) => line.querySelector('dt')?.textContent === label)
        ?.querySelector('dd')?.textContent ?? undefined,
  };
}

/** What was to be drawn is drawn. */
export const painted = (): Promise<void> =>
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
