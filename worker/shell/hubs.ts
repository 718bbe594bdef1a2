import type { AnyProtocol } from '../../src/protocol/index.ts';
import type { HubSettings } from '../core/settings.ts';
import type { Platform } from './platform.ts';
import { HubShell } from './shell.ts';

/** The worker's hubs, one for each identity that has attached. */
export class Hubs {
  readonly protocol: AnyProtocol;
  readonly #settings: HubSettings;
  readonly #platform: Platform;
  readonly #shells = new Map<string, HubShell>();

  constructor(platform: Platform, protocol: AnyProtocol, settings: HubSettings) {
    this.#platform = platform;
    this.protocol = protocol;
    this.#settings = settings;
  }

  /**
   * A hub that holds its lease; one that ended is forgotten, and followed by a new one.
   *
   * @throws where the browser grants no locks here.
   */
  async of(identity: string): Promise<HubShell> {
    for (;;) {
      const shell = this.#shells.get(identity) ?? this.#start(identity);
      try {
        await shell.ready;
      } catch (error) {
        shell.end('superseded');
        throw error;
      }
      if (!shell.over) return shell;
    }
  }

  #start(identity: string): HubShell {
    const shell: HubShell = new HubShell(this.#platform, this.protocol, this.#settings, identity, () => {
      if (this.#shells.get(identity) === shell) this.#shells.delete(identity);
    });
    this.#shells.set(identity, shell);
    return shell;
  }
}
