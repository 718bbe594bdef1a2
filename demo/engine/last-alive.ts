/** When a server was there last: what a person is given time for does not count the time without one. */
import { closeSync, openSync, statSync, utimesSync } from 'node:fs';

const TOLD_EVERY_MS = 1_000;

/** The time of a file, which is touched again and again: a server that is killed leaves no word. */
export class LastAlive {
  readonly #file: string;
  readonly #report: (error: unknown, about: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Reported once, for as long as it goes on. */
  #isFailing = false;

  constructor(file: string, report: (error: unknown, about: string) => void) {
    this.#file = file;
    this.#report = report;
  }

  /** Of the server before this one, to about a second; `null`: there was none. */
  read(): number | null {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    return stat ? Math.round(stat.mtimeMs) : null;
  }

  begin(): void {
    this.#tell();
    this.#timer = setInterval(() => this.#tell(), TOLD_EVERY_MS);
  }

  end(): void {
    if (this.#timer === undefined) return;
    this.#tell();
    clearInterval(this.#timer);
  }

  #tell(): void {
    try {
      closeSync(openSync(this.#file, 'a'));
      const now = new Date();
      utimesSync(this.#file, now, now);
      this.#isFailing = false;
    } catch (error) {
      // A disk that is full, or too many open files, may pass: gates would get the time since then once more.
      if (!this.#isFailing) this.#report(error, 'saying that the server is there');
      this.#isFailing = true;
    }
  }
}
