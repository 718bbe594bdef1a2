import { useLayoutEffect, useRef } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import { useView } from '../trunk.ts';

const KEPT_LINES = 300;
/** Nearer to the end than this, it follows. */
const FOLLOW_WITHIN_PX = 24;

interface Line {
  readonly offset: number;
  readonly nodeId: string;
  readonly stream: 'out' | 'err';
  readonly text: string;
}

/** The newest lines, of one node or of the whole run; it follows them until a person scrolls up. To be keyed by both. */
export function LogLines({ runId, nodeId }: { runId: string; nodeId: string | null }) {
  // `null` until the run's state has come: each run has other events than lines.
  const lines = useView<readonly Line[] | null>(runTopic(runId), null, (known, event, { offset }) => {
    const kept = known ?? [];
    if (event.type !== 'log' || (nodeId !== null && event.nodeId !== nodeId)) return kept;
    const line = { offset, nodeId: event.nodeId, stream: event.stream, text: event.line };
    return [...kept.slice(1 - KEPT_LINES), line];
  });
  const box = useRef<HTMLElement>(null);
  const isFollowing = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new line
  useLayoutEffect(() => {
    if (box.current && isFollowing.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const remember = () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    isFollowing.current = scrollHeight - scrollTop - clientHeight < FOLLOW_WITHIN_PX;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="log" ref={box} onScroll={remember} tabIndex={0} aria-label="Log">
      {lines?.length === 0 && <p className="hint">Nothing was written yet.</p>}
      {lines?.map(({ offset, nodeId: from, stream, text }) => (
        <div key={offset} className="log-line" data-stream={stream}>
          {nodeId === null && <span className="log-from">{from}</span>}
          {stream === 'err' && <span className="sr-only">error output: </span>}
          {text}
        </div>
      ))}
    </section>
  );
}
