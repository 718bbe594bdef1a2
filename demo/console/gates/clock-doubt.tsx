/**
 * What a countdown cannot know without a line: whether the server is there. Where it is, the gate's time runs on; where it is away,
 * the time stands still (demo/engine/last-alive.ts).
 */
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useTopicStatus } from '../topics.ts';
import { useConnection } from '../trunk.ts';
import { formatMinute } from '../ui/format.ts';

/** ` · as of 14:03; stands still if the server is away` */
export function ClockDoubt() {
  const { state } = useConnection();
  const status = useTopicStatus(RUNS_TOPIC);
  if (state === 'open') return null;
  const asOf = status.state === 'stale' ? `as of ${formatMinute(status.savedAt ?? status.lastSeen)}; ` : '';
  return <span className="clock-doubt"> · {asOf}stands still if the server is away</span>;
}
