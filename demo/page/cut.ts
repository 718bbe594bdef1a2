import type { DemoClient } from './client.ts';
import { find, write } from './dom.ts';

const STEP_MS = 250;
const LABEL = 'Cut the line for 15 s';

/** The switch that cuts the line at the server. Every tab learns of a cut, also one that was just opened. */
export function showCut(client: DemoClient): void {
  const cut = find('cut', HTMLButtonElement);
  let wholeAt = 0;

  const count = () => {
    const seconds = Math.ceil((wholeAt - Date.now()) / 1_000);
    cut.disabled = seconds > 0;
    write(cut, seconds > 0 ? `Cut for ${seconds} s more` : LABEL);
  };
  const ask = async (method: 'GET' | 'POST') => {
    try {
      const response = await fetch('/line', { method });
      const { cutForMs }: { cutForMs: number } = await response.json();
      wholeAt = Date.now() + cutForMs;
      count();
    } catch {
      // The server is gone: nothing to show here that the connection does not say.
    }
  };

  cut.addEventListener('click', () => ask('POST'));
  client.connection.subscribe(({ state }) => {
    if (state === 'closed') ask('GET');
  });
  setInterval(count, STEP_MS);
}
