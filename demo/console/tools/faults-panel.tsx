import { useId, useState } from 'react';
import { Fault } from './fault.tsx';
import { faults } from './faults.ts';
import { Flood } from './flood.tsx';
import { killWorker } from './kill-worker.ts';

const CUT_SECONDS = [5, 15, 40];
const HALF_OPEN_SECONDS = 20;

/** Breaks things on purpose, for the promises to be seen kept. */
export function FaultsPanel({ runId }: { runId: string | null }) {
  const [cutSeconds, setCutSeconds] = useState(15);
  const secondsId = useId();
  return (
    <>
      <p className="hint">Break something, then decide a gate, reload, or look at another tab.</p>
      <Fault
        title="Cut the line"
        expect="Connections break, new ones fail. Decisions are queued and sent when it is back."
        action="Cut"
        done={`The line is cut for ${cutSeconds} s`}
        run={() => faults.cut(cutSeconds)}
      >
        <label htmlFor={secondsId} className="sr-only">
          For how long
        </label>
        <select
          id={secondsId}
          value={cutSeconds}
          onChange={(event) => setCutSeconds(Number(event.target.value))}
        >
          {CUT_SECONDS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds} s
            </option>
          ))}
        </select>
      </Fault>
      <Fault
        title="Silence the line"
        expect="Nothing arrives, and nothing says so, as behind a router that forgot the connection. The page notices within 8 s."
        action="Silence"
        done="The open connection is silent now"
        run={() => faults.halfOpen(HALF_OPEN_SECONDS)}
      />
      <Fault
        title="Restart the server"
        expect="Runs go on or are marked as interrupted; what was accepted stays accepted."
        action="Restart"
        done="The server restarts"
        run={() => faults.restart('hard')}
      />
      <Fault
        title="Kill the background worker"
        expect="What holds the connection for all tabs dies. They notice within a second and start a new one, which knows what was sent and what was seen."
        action="Kill"
        done="The background worker is dead"
        run={async () => killWorker()}
      />
      <Flood runId={runId} />
    </>
  );
}
