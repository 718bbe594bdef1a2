import { createClientOn } from '../../../src/client/create-client.ts';
import type { Client, CreateClientOptions } from '../../../src/index.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import { FakeBrowser } from '../../../testing/fakes/browser.ts';
import type { HubScript } from '../../../testing/fakes/worker.ts';
import { Time } from '../../cluster/run/clients.ts';
import { RealNetwork } from '../../cluster/run/network.ts';

export interface MadePage {
  readonly client: Client<AnyProtocol>;
  /** What it was told by `onError`. */
  readonly errors: string[];
}

/** The real client and hub on a browser that is made by hand, whose sockets are real ones. */
export class MadeBrowser {
  readonly #time = new Time();
  readonly #browser: FakeBrowser;
  readonly #script: HubScript;
  readonly #clients: Client<AnyProtocol>[] = [];

  constructor(script: HubScript) {
    const { clock } = this.#time;
    this.#browser = new FakeBrowser(clock, new RealNetwork(clock), 1);
    this.#script = script;
  }

  page(options: Pick<CreateClientOptions, 'url' | 'token' | 'dialect'>): MadePage {
    const errors: string[] = [];
    const page = this.#browser.page('hub.js', () => this.#script);
    const client = createClientOn(page, this.#script.protocol, {
      ...options,
      identity: 'ann',
      worker: () => {
        throw new Error('the page starts its own');
      },
      log: 'silent',
      onError: ({ code, message }) => errors.push(`${code}: ${message}`),
    });
    this.#clients.push(client);
    return { client, errors };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    this.#browser.worker('hub.js')?.kill();
    await this.#time.stop();
  }
}
