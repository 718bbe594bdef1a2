import { useId, useState } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import { useLatest } from '../trunk.ts';
import { formatCount } from '../ui/format.ts';
import { Fault } from './fault.tsx';
import { faults } from './faults.ts';

const RATES = [100, 500, 2_000, 5_000];
const FLOOD_SECONDS = 10;

/** Floods the run in view, and shows what arrives: the newest value of each slot, not each event. */
export function Flood({ runId }: { runId: string | null }) {
  const [rate, setRate] = useState(2_000);
  const rateId = useId();
  return (
    <>
      <Fault
        title="Flood"
        expect={
          runId === null
            ? 'Open a run first: it is flooded with events.'
            : `Many events about a few things for ${FLOOD_SECONDS} s. The newest about each arrives, the page stays quick.`
        }
        action="Flood"
        done={`${formatCount(rate)} events a second, for ${FLOOD_SECONDS} s`}
        run={() => (runId === null ? Promise.resolve() : faults.flood(rate, FLOOD_SECONDS, runId))}
        isDisabled={runId === null}
      >
        <label htmlFor={rateId} className="sr-only">
          Events a second
        </label>
        <select id={rateId} value={rate} onChange={(event) => setRate(Number(event.target.value))}>
          {RATES.map((value) => (
            <option key={value} value={value}>
              {formatCount(value)} / s
            </option>
          ))}
        </select>
      </Fault>
      {runId !== null && <FloodMeter runId={runId} />}
    </>
  );
}

function FloodMeter({ runId }: { runId: string }) {
  const slots = useLatest(runTopic(runId), 'flood');
  if (slots.size === 0) return null;
  const newest = Math.max(...[...slots.values()].map(({ n }) => n));
  return (
    <p className="flood-meter tabular">
      Event {formatCount(newest)} of the flood is on the page, in {slots.size} slots
    </p>
  );
}
