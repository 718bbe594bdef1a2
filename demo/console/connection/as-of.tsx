import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { useTopicStatus } from '../topics.ts';
import { useConnection } from '../trunk.ts';
import { formatMinute, sayDuration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { useNow } from '../ui/use-now.ts';

const RENDERED_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;

/** While there is no line: how old what is shown is, of the run on the screen, else of the list. */
export function AsOf({ runId }: { runId: string | null }) {
  const { state } = useConnection();
  const status = useTopicStatus(runId === null ? RUNS_TOPIC : runTopic(runId));
  if (state === 'open' || status.state !== 'stale' || status.savedAt === undefined) return null;
  return (
    <p className="strip-item as-of" data-state="failed">
      <Icon name="offline" />
      <span className="strip-text">
        No connection. <Age since={status.savedAt} />
      </span>
    </p>
  );
}

/** `As of 14:03 (12 minutes ago)` */
function Age({ since }: { since: number }) {
  const now = useNow(RENDERED_EVERY_MS);
  const age = now - since;
  return (
    <>
      As of {formatMinute(since)} ({age < MINUTE_MS ? 'less than a minute' : sayDuration(age)} ago)
    </>
  );
}
