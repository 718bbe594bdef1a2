/** How fast things go, from one report of the hub to the next. */
import type { HubReport } from '../../protocol/model.ts';

export interface Sample {
  /** By the browser's clock, ms since 1970. */
  readonly at: number;
  /** Each per second, since the sample before. */
  readonly events: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly charactersIn: number;
}

/** So many samples are kept: two minutes, at one a second. */
const KEPT_SAMPLES = 120;

export class Rates {
  #last: { readonly report: HubReport; readonly at: number } | null = null;
  #byTopic: ReadonlyMap<string, number> = new Map();
  /** The oldest first. */
  samples: readonly Sample[] = [];

  /** Offsets a second; `null`: not known yet. */
  ofTopic(name: string): number | null {
    return this.#byTopic.get(name) ?? null;
  }

  heard(report: HubReport, at: number): void {
    const last = this.#last;
    this.#last = { report, at };
    this.#byTopic = new Map();
    // Another hub counts from 0.
    if (!last || last.report.hub !== report.hub || at <= last.at) return;
    const perSecond = (now: number, before: number) => ((now - before) * 1_000) / (at - last.at);
    const { counts } = report;
    const before = last.report.counts;
    const sample: Sample = {
      at,
      events: perSecond(counts.events, before.events),
      messagesIn: perSecond(counts.messagesIn, before.messagesIn),
      messagesOut: perSecond(counts.messagesOut, before.messagesOut),
      charactersIn: perSecond(counts.charactersIn, before.charactersIn),
    };
    this.samples = [...this.samples, sample].slice(-KEPT_SAMPLES);
    const placesBefore = new Map(last.report.topics.map(({ name, status }) => [name, placeOf(status)]));
    this.#byTopic = new Map(
      report.topics.flatMap(({ name, status }) => {
        const place = placeOf(status);
        const placeBefore = placesBefore.get(name);
        if (!place || !placeBefore || place.epoch !== placeBefore.epoch) return [];
        return [[name, Math.max(0, perSecond(place.offset, placeBefore.offset))]];
      }),
    );
  }
}

const placeOf = (status: HubReport['topics'][number]['status']) => ('offset' in status ? status : null);
