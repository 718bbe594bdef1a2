/**
 * As much of a WebDriver client (https://www.w3.org/TR/webdriver2/) as one session with several tabs needs. The packages
 * that do it bring 20 MB of programs which look for browsers and fetch them, or 160 further packages.
 */

export interface Session {
  readonly browserVersion: string;
  openTab(url: string): Promise<Window>;
  end(): Promise<void>;
}

export interface Window {
  evaluate(expression: string): Promise<unknown>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

type Answer<T> = { readonly value: T | { readonly error: string; readonly message: string } };

/** @param url of the driver. */
export async function startSession(url: string): Promise<Session> {
  const { sessionId, capabilities } = await request<{
    sessionId: string;
    capabilities: { browserVersion: string };
  }>('POST', `${url}/session`, { capabilities: {} });
  const session = `${url}/session/${sessionId}`;

  // A command goes to the current window, so that no other may come between it and the choice of its window.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(commands: () => Promise<T>): Promise<T> => {
    const turn = last.then(commands, commands);
    last = turn.catch(() => {});
    return turn;
  };
  const command = <T>(method: 'POST' | 'DELETE', name: string, body?: object) =>
    request<T>(method, `${session}/${name}`, body);

  return {
    browserVersion: capabilities.browserVersion,
    async openTab(address) {
      const { handle } = await inTurn(() =>
        command<{ handle: string }>('POST', 'window/new', { type: 'tab' }),
      );
      const inWindow = <T>(commands: () => Promise<T>) =>
        inTurn(async () => {
          await command('POST', 'window', { handle });
          return await commands();
        });
      await inWindow(() => command('POST', 'url', { url: address }));
      return {
        evaluate: (expression) =>
          inWindow(() => command('POST', 'execute/sync', { script: `return (${expression});`, args: [] })),
        reload: () => inWindow(() => command('POST', 'refresh', {})),
        close: () => inWindow(() => command('DELETE', 'window')),
      };
    },
    end: () => request('DELETE', session),
  };
}

/** Waits until the driver answers that it is ready. */
export async function untilReady(url: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      if ((await request<{ ready: boolean }>('GET', `${url}/status`)).ready) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((later) => setTimeout(later, 50));
  }
}

async function request<T>(method: 'GET' | 'POST' | 'DELETE', url: string, body?: object): Promise<T> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as Answer<T>;
  if (response.ok) return value as T;
  throw new Error(`WebDriver: ${method} ${new URL(url).pathname}: ${JSON.stringify(value)}`);
}
