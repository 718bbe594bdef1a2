/** How a service worker of a made browser delivers with no page open. */
import type { AddressAnswer, Batch } from '../../src/protocol/port.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { type HubSettings, hubSettings } from '../../worker/core/settings.ts';
import type { BackgroundEnd, BackgroundPlatform } from '../../worker/shell/background-hub.ts';
import { Errands } from '../../worker/shell/errands.ts';
import type { BrowserProfile } from './browser-profile.ts';
import { Lifetime } from './lifetime.ts';
import { platformOf } from './platform.ts';

export interface BackgroundErrand {
  readonly protocol: AnyProtocol;
  readonly identity: string;
  readonly url: string;
  readonly settings?: Partial<HubSettings>;
  readonly token?: () => string | null | Promise<string | null>;
  readonly settled?: (settled: NonNullable<Batch['settled']>) => void;
}

/** As a browser with Background Sync has it. */
const EVENT_MS = 90_000;

/** One life of the service worker, for one event, or for several at once. */
export class FakeServiceWorker {
  readonly life = new Lifetime();
  readonly #browser: BrowserProfile;
  readonly #errands: Errands;

  constructor(browser: BrowserProfile) {
    this.#browser = browser;
    this.#errands = new Errands(this.#platform());
    this.life.atEnd(() => browser.workerEnded());
  }

  /** The browser ends it, in the middle of whatever it does. */
  kill(): void {
    this.life.end();
  }

  /** One errand, as for a `sync` event. Where the service worker is ended, it never settles. */
  deliver({
    protocol,
    identity,
    url,
    settings,
    token,
    settled = () => {},
  }: BackgroundErrand): Promise<BackgroundEnd> {
    const answer = async (): Promise<AddressAnswer> => {
      try {
        return { token: (await token?.()) ?? null };
      } catch (error) {
        return { failed: String(error) };
      }
    };
    const errand = {
      protocol,
      settings: hubSettings(settings),
      identity,
      endsAt: this.#browser.clock.elapsed + EVENT_MS,
      url,
      hasToken: token !== undefined,
      address: answer,
      settled,
    };
    return this.#errands.run(errand);
  }

  #platform(): BackgroundPlatform {
    const { life } = this;
    const browser = this.#browser;
    return {
      ...platformOf(browser, life),
      look: (app, identity) =>
        new Promise((resolve, reject) => {
          const disk = browser.disk(app, identity);
          const source = {};
          const later = (work: () => void) => browser.clock.post(source, () => life.run(work));
          later(() =>
            disk.whenFree(() => {
              try {
                const rows = disk.look();
                later(() => resolve(rows));
              } catch (error) {
                later(() => reject(error));
              }
            }),
          );
        }),
    };
  }
}
