import { type ReactNode, useEffect, useRef, useState } from 'react';
import { TrunklineError } from 'trunkline';
import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { useConnection, useLatest, useNow, useSend } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';
import { Countdown, CountdownAnnouncement } from './countdown.tsx';
import { type Entry, type Gate, type Resolved, sayVerdict, useDecision, type Verdict } from './gates.ts';
import { RunName } from './run-name.tsx';
import { MayBeTooLate, Warnings } from './warnings.tsx';

const LONGEST_COMMENT = 2_000;

/** Shows what to decide on and takes the decision. It closes when the gate is decided, in whichever tab. */
export function GateDialog({
  gateId,
  gates,
  runInView,
  onOpen,
}: {
  gateId: string;
  gates: readonly Gate[];
  runInView: string | null;
  onOpen: (gateId: string | null) => void;
}) {
  const waiting = gates.find((gate) => gate.gateId === gateId);
  const shown = useLast(waiting);
  const resolved = useLatest(RUNS_TOPIC, 'human_gate_resolved', `gate:${gateId}`);
  const [comment, setComment] = useState('');
  const isOver = waiting === undefined;
  // What a person is writing is not taken from under their hands.
  const stays = shown !== undefined && comment.trim() !== '';
  useEffect(() => {
    if (isOver && !stays) onOpen(null);
  }, [isOver, stays, onOpen]);
  if (!shown) return null;

  const index = gates.findIndex((gate) => gate.gateId === gateId);
  const open = (step: number) => {
    setComment('');
    onOpen(gates[index + step]?.gateId ?? null);
  };
  const queue = (
    <>
      <span>Decision needed</span>
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
  return (
    <Modal about={gateId} title={shown.title} eyebrow={queue} onClose={() => onOpen(null)}>
      <p className="modal-facts">
        <RunName runId={shown.runId} />
        <br />
        may be decided by {shown.decidedBy} ·{' '}
        {isOver ? (
          'closed'
        ) : (
          <>
            <Countdown until={shown.expiresAt} /> left, then{' '}
            {shown.onExpiry === 'approve' ? 'approved' : 'rejected'}
          </>
        )}
      </p>
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
      <Decide
        gate={shown}
        over={isOver && <Over resolved={resolved} />}
        runInView={runInView}
        comment={comment}
        onComment={setComment}
        onClose={() => onOpen(null)}
      />
    </Modal>
  );
}

/** `over`: what became of a gate that nobody can decide any more. The field stays the same, its focus and all. */
function Decide({
  gate,
  over,
  runInView,
  comment,
  onComment,
  onClose,
}: {
  gate: Gate;
  over: ReactNode;
  runInView: string | null;
  comment: string;
  onComment: (comment: string) => void;
  onClose: () => void;
}) {
  const { send, error } = useSend('human_decision');
  const decision = useDecision(gate.gateId);
  const { runId, gateId, expiresAt } = gate;
  // Without a line nobody tells what became of it.
  const isTimeUp = useNow() >= expiresAt;
  const decide = (verdict: Verdict) => {
    const decision = { runId, gateId, verdict, comment: comment.trim() };
    // Past the gate's end it would only be refused: so it is told at once, also while there is no line.
    send(decision, { topic: runTopic(runId), expiresAt }).then(
      () => onComment(''),
      // What `send` rejects with is `error`, below.
      () => {},
    );
  };
  if (decision) return <UnderWay gate={gate} decision={decision} onClose={onClose} />;
  return (
    <>
      {over}
      <Comment value={comment} onChange={onComment} />
      {!over && error && (
        <p className="modal-error" role="alert">
          <Icon name="alert" />
          {error instanceof TrunklineError && error.code === 'duplicate_command'
            ? 'It was decided in another tab at the same moment.'
            : error.message}
        </p>
      )}
      <div className="modal-footer">
        {!over && <Warnings gate={gate} runInView={runInView} />}
        <div className="modal-actions">
          <button type="button" className="button" onClick={onClose}>
            {over || isTimeUp ? 'Close' : 'Decide later'}
          </button>
          {!over && !isTimeUp && (
            <>
              <button type="button" className="button danger" onClick={() => decide('reject')}>
                <Icon name="cross" />
                Reject
              </button>
              <button type="button" className="button primary" onClick={() => decide('approve')}>
                <Icon name="check" />
                Approve
              </button>
            </>
          )}
        </div>
      </div>
    </>
  );
}

/** The same in every tab. */
function UnderWay({ gate, decision, onClose }: { gate: Gate; decision: Entry; onClose: () => void }) {
  const { state } = useConnection();
  const verdict =
    'verdict' in decision.command && decision.command.verdict === 'approve' ? 'Approved' : 'Rejected';
  const button = useRef<HTMLButtonElement>(null);
  // The button that was pressed is gone: without this, the focus would fall to the page's start.
  useEffect(() => button.current?.focus(), []);
  return (
    <div className="modal-footer">
      <div className="decision" data-state={state === 'open' ? 'running' : 'waiting'} role="status">
        <Icon name={state === 'open' ? 'running' : 'outbox'} />
        <div>
          <strong>
            {state === 'open'
              ? 'Decision sent – waiting for the server'
              : 'Decision queued – connection lost'}
          </strong>
          <p>
            {state === 'open'
              ? `${verdict}. This closes when the server has accepted it.`
              : `${verdict}. It is stored in this browser and sent, once, when the line is back; you can close or reload this page.`}
          </p>
        </div>
      </div>
      <MayBeTooLate gate={gate} />
      <div className="modal-actions">
        <button type="button" className="button" ref={button} onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}

function Over({ resolved }: { resolved: Resolved | undefined }) {
  return (
    <div className="decision" data-state="pending" role="status">
      <Icon name="check" />
      <div>
        <strong>{resolved ? sayResolved(resolved) : 'This gate is closed'}</strong>
        <p>Your comment was not sent. Copy it if you still need it.</p>
      </div>
    </div>
  );
}

function Comment({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className="field">
      <span>
        Comment <span className="optional">optional</span>
      </span>
      <textarea
        rows={2}
        value={value}
        maxLength={LONGEST_COMMENT}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function sayResolved({ how, verdict, by }: Resolved): string {
  if (how === 'decided') return `${by ?? 'Somebody'} has ${sayVerdict(verdict)} it`;
  return how === 'expired' ? `It expired and was ${sayVerdict(verdict)}` : 'Its run was cancelled';
}

/** The last value that was there: what is shown stays while it is being decided what to do without it. */
function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) setLast(value);
  return value ?? last;
}
