/** Which pages of a made browser share a worker. */
import { BrowserProfile } from './browser-profile.ts';
import { FakePage } from './page.ts';
import { FakeWorker, type HubScript } from './worker.ts';

/** One person's browser: it opens pages, and starts a worker for those that name the same script. */
export class FakeBrowser extends BrowserProfile {
  /** The SharedWorkers, by the URL of their script. */
  readonly #workers = new Map<string, FakeWorker>();

  /** A page whose worker is shared by all pages that name the same script. */
  page(url: string, script: () => HubScript): FakePage {
    return new FakePage(this, () => {
      const running = this.#workers.get(url);
      if (running && !running.life.isDead) return running;
      const worker = new FakeWorker(this, script(), false);
      this.#workers.set(url, worker);
      return worker;
    });
  }

  /** A page with a worker of its own: as in a browser that has no SharedWorker. */
  pageAlone(script: () => HubScript): FakePage {
    return new FakePage(this, (page) => {
      const worker = new FakeWorker(this, script(), true);
      page.life.atEnd(() => worker.kill());
      return worker;
    });
  }

  /** The shared worker of this script, if it lives. */
  worker(url: string): FakeWorker | null {
    const worker = this.#workers.get(url);
    return worker && !worker.life.isDead ? worker : null;
  }
}
