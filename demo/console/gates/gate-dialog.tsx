import { useEffect, useState } from 'react';
import type { WaitingGate } from '../../engine/events.ts';
import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { hrefOf } from '../route.ts';
import { useLatest } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { CountdownAnnouncement } from './countdown.tsx';
import { Decide, Over } from './decide.tsx';
import { GateFacts } from './gate-facts.tsx';
import { GateFrame, useIsBeside } from './gate-frame.tsx';
import { useDecision } from './gates.ts';

interface Props {
  readonly gateId: string;
  readonly gates: readonly WaitingGate[];
  readonly runInView: string | null;
  /** A person has opened it. */
  readonly isAsked: boolean;
  readonly comment: string;
  readonly onComment: (gateId: string, comment: string) => void;
  readonly onOpen: (gateId: string | null) => void;
}

/** Shows what to decide on and takes the decision. It closes when the gate is decided, in whichever tab. */
export function GateDialog({ gateId, gates, runInView, isAsked, comment, onComment, onOpen }: Props) {
  const waiting = gates.find((gate) => gate.gateId === gateId);
  const shown = useLast(waiting);
  const resolved = useLatest(RUNS_TOPIC, 'human_gate_resolved', `gate:${gateId}`);
  const isBeside = useIsBeside();
  const isOver = waiting === undefined;
  // What a person is writing is not taken from under their hands.
  const stays = shown !== undefined && comment.trim() !== '';
  useEffect(() => {
    if (isOver && !stays) onOpen(null);
  }, [isOver, stays, onOpen]);
  if (!shown) return null;

  const { runId } = shown;
  const isElsewhere = runInView !== null && runInView !== runId;
  const close = () => {
    if (isOver) onComment(gateId, '');
    onOpen(null);
  };
  const way = (
    <a href={hrefOf(runId)} onClick={isBeside ? undefined : close}>
      Go to that run
    </a>
  );
  return (
    <GateFrame
      isBeside={isBeside}
      about={gateId}
      title={shown.title}
      eyebrow={<Queue gateId={gateId} gates={gates} onOpen={onOpen} />}
      isElsewhere={isElsewhere}
      isAsked={isAsked}
      onClose={close}
    >
      <div className="gate-read">
        {isElsewhere && (
          <p className="gate-elsewhere" role="note">
            <Icon name="alert" />
            <strong>Not of the run on your screen</strong>
            {way}
          </p>
        )}
        <GateFacts gate={shown} isOver={isOver} way={runInView === null ? way : null} />
        {!isOver && <CountdownAnnouncement key={gateId} until={shown.expiresAt} />}
        <div className="gate-show">
          {shown.show.map(({ label, text }) => (
            <section key={label}>
              <h3>{label}</h3>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
              <pre tabIndex={0}>{text}</pre>
            </section>
          ))}
        </div>
      </div>
      <div className="gate-decide">
        <Decide
          key={gateId}
          gate={shown}
          over={isOver && <Over resolved={resolved} />}
          isElsewhere={isElsewhere}
          comment={comment}
          onComment={(text) => onComment(gateId, text)}
          onClose={close}
        />
      </div>
    </GateFrame>
  );
}

/** Which of the waiting gates it is, and the way to the others. */
function Queue({ gateId, gates, onOpen }: Pick<Props, 'gateId' | 'gates' | 'onOpen'>) {
  const index = gates.findIndex((gate) => gate.gateId === gateId);
  const isDecided = useDecision(gateId) !== undefined;
  const open = (step: number) => onOpen(gates[index + step]?.gateId ?? null);
  return (
    <>
      <span>{isDecided ? 'Decided, not accepted yet' : index < 0 ? 'Closed' : 'Decision needed'}</span>
      {index >= 0 && gates.length > 1 && (
        <span className="modal-queue">
          <button
            type="button"
            className="button icon-only small"
            aria-label="The gate before"
            disabled={index === 0}
            onClick={() => open(-1)}
          >
            <Icon name="back" />
          </button>
          {index + 1} of {gates.length}
          <button
            type="button"
            className="button icon-only small"
            aria-label="The next gate"
            disabled={index === gates.length - 1}
            onClick={() => open(1)}
          >
            <Icon name="next" />
          </button>
        </span>
      )}
    </>
  );
}

/** The last value that was there: what is shown stays while it is being decided what to do without it. */
function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) setLast(value);
  return value ?? last;
}
