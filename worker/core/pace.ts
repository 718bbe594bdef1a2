/** How long what waits for the tabs still has to wait, so that handing out never takes more than half of the hub's time. */

/** What a round counts for at most: one that took longer was cut in two, by a sleep of the machine say. More is never owed. */
const LONGEST_ROUND_MS = 250;
/** Tabs that nobody sees are given what they need so often, all in the same round. */
const UNSEEN_EVERY_MS = 250;

export class Pace {
  #owedMs = 0;
  /** When that was so, by the hub's uptime. */
  #owedAt = 0;

  /**
   * Handing out took so long, until now: the hub owes as much time to all else. What cannot wait adds to it though something is
   * owed: bounded, lest events stand still for seconds after much of it.
   */
  spent(ms: number, uptime: number): void {
    const round = Math.min(ms, LONGEST_ROUND_MS);
    this.#owedMs = Math.min(this.#owed(uptime - round) + round, LONGEST_ROUND_MS);
    this.#owedAt = uptime;
  }

  /** Whole milliseconds until the next round. What is owed of less than one waits for nobody: no clock is finer. */
  waitMs(uptime: number): number {
    return Math.floor(this.#owed(uptime));
  }

  /** The same for a tab that nobody sees. @param givenAt when it was given anything last */
  unseenWaitMs(uptime: number, givenAt: number): number {
    const due = (Math.floor(givenAt / UNSEEN_EVERY_MS) + 1) * UNSEEN_EVERY_MS;
    return Math.max(this.waitMs(uptime), due - uptime);
  }

  /** Time pays it off. */
  #owed(uptime: number): number {
    return Math.max(0, this.#owedMs - Math.max(0, uptime - this.#owedAt));
  }
}
