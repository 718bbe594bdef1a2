/** Instruments that are read off a report, which is asked for at each collection. */
import type { Attributes, Meter, MetricOptions } from '@opentelemetry/api';

/** One instrument. */
export interface Observed<R> {
  readonly name: string;
  /** `counter` only grows, `upDownCounter` can be added up over all that tell it, `gauge` cannot. */
  readonly kind: 'counter' | 'upDownCounter' | 'gauge';
  /** As UCUM writes it. */
  readonly unit: string;
  readonly description: string;
  /** One number, or one for each combination of attributes; none: there is nothing to tell. */
  readonly read: (report: R) => number | readonly Measured[];
}
export type Measured = readonly [value: number, attributes: Attributes];

/** 1 for the state that something is in, 0 for the others: so how many are in each can be added up. */
export function inState<S extends string>(attribute: string, states: readonly S[], now: S): Measured[] {
  return states.map((state) => [Number(state === now), { [attribute]: state }]);
}

/** The direction of what comes in and goes out, as the conventions name it. */
export function byDirection(received: number, transmitted: number): Measured[] {
  return [
    [received, { 'network.io.direction': 'receive' }],
    [transmitted, { 'network.io.direction': 'transmit' }],
  ];
}

/** How many are in each state. */
export function byState<S extends string>(
  attribute: string,
  states: readonly S[],
  all: readonly S[],
): Measured[] {
  return states.map((state) => [all.filter((one) => one === state).length, { [attribute]: state }]);
}

/**
 * Asks at each collection from now on. `null`: there is nothing to tell.
 *
 * @returns what ends it.
 */
export function observe<R>(
  meter: Meter,
  all: readonly Observed<R>[],
  ask: () => R | null | Promise<R | null>,
): () => void {
  const instruments = all.map((one) => ({ ...one, instrument: create(meter, one) }));
  const observables = instruments.map(({ instrument }) => instrument);
  const collect: Parameters<Meter['addBatchObservableCallback']>[0] = async (result) => {
    const report = await ask();
    if (report === null) return;
    for (const { instrument, read } of instruments) {
      const now = read(report);
      for (const [value, attributes] of typeof now === 'number' ? [[now, {}] as const] : now)
        result.observe(instrument, value, attributes);
    }
  };
  meter.addBatchObservableCallback(collect, observables);
  return () => meter.removeBatchObservableCallback(collect, observables);
}

function create<R>(meter: Meter, { name, kind, unit, description }: Observed<R>) {
  const options: MetricOptions = { unit, description };
  switch (kind) {
    case 'counter':
      return meter.createObservableCounter(name, options);
    case 'upDownCounter':
      return meter.createObservableUpDownCounter(name, options);
    case 'gauge':
      return meter.createObservableGauge(name, options);
  }
}
