import { expect, onTestFinished } from 'vitest';
import { type Client, type CreateClientOptions, createClient } from '../../../../src/index.ts';
import { protocol } from './protocol.ts';

type Options = Pick<CreateClientOptions, 'url' | 'identity'> & Partial<CreateClientOptions>;
export type TestClient = Client<typeof protocol>;

/** The same name is the same worker, in all tabs. */
export const sharedHub = (name: string, page: Window & typeof globalThis = window): SharedWorker =>
  new page.SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name });

export const ownHub = (): Worker => new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' });

/** A client in the test's own page. */
export function clientHere(options: Options & Pick<CreateClientOptions, 'worker'>): TestClient {
  const client = createClient(protocol, options);
  onTestFinished(() => client.close());
  return client;
}

/** A client in a page of its own; `remove` ends that page as abruptly as a crash. */
export async function clientInTab(
  hub: string,
  options: Options,
): Promise<{ client: TestClient; page: Window; remove(): void }> {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const remove = () => frame.remove();
  onTestFinished(remove);
  const page = frame.contentWindow as Window & typeof globalThis;
  const script = page.document.createElement('script');
  script.type = 'module';
  script.src = new URL('./page.ts', import.meta.url).href;
  page.document.head.append(script);
  const trunkline = await expect
    .poll(() => page.trunkline)
    .toBeDefined()
    .then(() => page.trunkline);
  if (!trunkline) throw new Error('the page did not load');
  const client = trunkline.createClient(trunkline.protocol, {
    worker: () => sharedHub(hub, page),
    ...options,
  });
  return { client, page, remove };
}
