/** The critical events of one topic of one connection: sent again, at growing distances, until they are acknowledged. */
import type { LoggedEvent } from '../log/event-log.ts';
import { redeliveryText } from './frames.ts';
import type { Clock } from './peer.ts';
import { RedeliverySchedule } from './redelivery-schedule.ts';
import type { ServerStats } from './stats.ts';

export interface RedeliveryServices {
  readonly clock: Clock;
  readonly stats: ServerStats;
  report(error: unknown, about: string): void;
}

/** Whom critical events are repeated to, and on which topic. */
export interface Recipient {
  readonly topic: string;
  owed(): Promise<readonly LoggedEvent[]>;
  send(frame: string): void;
  fits(frame: string): boolean;
  /** `null` where more may be sent; else resolves when the client has taken most of what was sent, or is gone. */
  congested(): Promise<void> | null;
}

export class Redelivery {
  readonly #recipient: Recipient;
  readonly #services: RedeliveryServices;
  #schedule = new RedeliverySchedule();
  #timer: { readonly at: number; readonly cancel: () => void } | null = null;
  #isOver = false;

  constructor(recipient: Recipient, services: RedeliveryServices) {
    this.#recipient = recipient;
    this.#services = services;
  }

  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** It comes again unless it is acknowledged. */
  sent(offset: number): void {
    this.#arm(this.#schedule.begin(offset, this.#services.clock.elapsed));
  }

  acknowledged(offset: number): void {
    this.#schedule.end(offset);
  }

  /** Nothing of before is to be acknowledged any more. */
  forget(): void {
    this.#schedule = new RedeliverySchedule();
  }

  /** Those that the client owes up to the answer of its request: at once, and then like the others. */
  async resume(owed: readonly LoggedEvent[]): Promise<void> {
    for (const { offset } of owed) this.sent(offset);
    await this.#repeat(owed, this.#schedule);
  }

  #arm(at: number): void {
    if (this.#isOver || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const cancel = this.#services.clock.setTimer(at - this.#services.clock.elapsed, () => {
      this.#timer = null;
      void this.#repeatDue();
    });
    this.#timer = { at, cancel };
  }

  async #repeatDue(): Promise<void> {
    const { clock, report } = this.#services;
    const schedule = this.#schedule;
    const due = new Set(schedule.dueAt(clock.elapsed));
    // Whatever comes of this, the next time is later.
    for (const offset of due) schedule.again(offset, clock.elapsed);
    try {
      const owed = await this.#recipient.owed();
      const stillOwed = new Set(owed.map(({ offset }) => offset));
      for (const offset of due) if (!stillOwed.has(offset)) schedule.end(offset);
      await this.#repeat(
        owed.filter(({ offset }) => due.has(offset)),
        schedule,
      );
    } catch (error) {
      report(error, `repeating critical events of topic ${this.#recipient.topic}`);
    }
    const next = this.#schedule.nextAt();
    if (next !== null) this.#arm(next);
  }

  async #repeat(events: readonly LoggedEvent[], schedule: RedeliverySchedule): Promise<void> {
    const { stats } = this.#services;
    for (const event of events) {
      for (let full = this.#recipient.congested(); full; full = this.#recipient.congested()) await full;
      if (this.#isOver || schedule !== this.#schedule) return;
      const text = redeliveryText(this.#recipient.topic, event);
      if (!this.#recipient.fits(text)) continue;
      stats.redeliveries += 1;
      stats.eventsSent += 1;
      this.#recipient.send(text);
    }
  }
}
