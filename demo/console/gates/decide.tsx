import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { TrunklineError } from 'trunkline';
import type { ResolvedGate, WaitingGate } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import { useConnection, useNow, useSend } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { type Entry, sayVerdict, useDecision, type Verdict } from './gates.ts';
import { RunName } from './run-name.tsx';
import { MayBeTooLate } from './warnings.tsx';

const LONGEST_COMMENT = 2_000;
/** A click was meant for what was there before. */
const READY_AFTER_MS = 500;

/** `over`: what became of a gate that nobody can decide any more. The field stays the same, its focus and all. */
export function Decide({
  gate,
  over,
  isElsewhere,
  comment,
  onComment,
  onClose,
}: {
  gate: WaitingGate;
  over: ReactNode;
  isElsewhere: boolean;
  comment: string;
  onComment: (comment: string) => void;
  onClose: () => void;
}) {
  const { send, error } = useSend('human_decision');
  const connection = useConnection();
  const decision = useDecision(gate.gateId);
  const { runId, gateId, expiresAt } = gate;
  const sentenceId = useId();
  // Without a line this page cannot know: the gate's clock stands still while the server is down.
  const isTimeUp = useNow() >= expiresAt && connection.state === 'open';
  const canDecide = !over && !isTimeUp;
  const decide = (verdict: Verdict) => {
    const decision = { runId, gateId, verdict, comment: comment.trim() };
    // It has no end of its own, for the same reason: whether it comes too late, the server says.
    send(decision, { topic: runTopic(runId) }).then(
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
        {!over && <MayBeTooLate gate={gate} />}
        {canDecide && (
          <p className="gate-decides" id={sentenceId}>
            You decide for <RunName runId={runId} />
            {isElsewhere && <strong>, not the run on your screen</strong>}.
          </p>
        )}
        <div className="gate-actions">
          {canDecide && <Verdicts key={gateId} describedBy={sentenceId} onDecide={decide} />}
          <button type="button" className="button quiet" onClick={onClose}>
            {canDecide ? 'Decide later' : 'Close'}
          </button>
        </div>
      </div>
    </>
  );
}

/** To be keyed by the gate: where they have just come under a pointer, they take no click yet. */
function Verdicts({ describedBy, onDecide }: { describedBy: string; onDecide: (verdict: Verdict) => void }) {
  const [isReady, setIsReady] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsReady(true), READY_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const facts = { type: 'button', 'aria-describedby': describedBy, 'aria-disabled': !isReady } as const;
  return (
    <>
      <button {...facts} className="button danger" onClick={() => isReady && onDecide('reject')}>
        <Icon name="cross" />
        Reject
      </button>
      <button {...facts} className="button primary" onClick={() => isReady && onDecide('approve')}>
        <Icon name="check" />
        Approve
      </button>
    </>
  );
}

/** The same in every tab. */
function UnderWay({ gate, decision, onClose }: { gate: WaitingGate; decision: Entry; onClose: () => void }) {
  const { state } = useConnection();
  const verdict =
    'verdict' in decision.command && decision.command.verdict === 'approve' ? 'Approved' : 'Rejected';
  const button = useRef<HTMLButtonElement>(null);
  // The button that was pressed is gone: without this, the focus would fall to the page's start.
  useEffect(() => {
    if (document.activeElement === document.body) button.current?.focus();
  }, []);
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
      <div className="gate-actions">
        <button type="button" className="button" ref={button} onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}

/** What became of a gate while somebody was writing. */
export function Over({ resolved }: { resolved: ResolvedGate | undefined }) {
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

function sayResolved({ how, verdict, by }: ResolvedGate): string {
  if (how === 'decided') return `${by ?? 'Somebody'} has ${sayVerdict(verdict)} it`;
  return how === 'expired' ? `It expired and was ${sayVerdict(verdict)}` : 'Its run was cancelled';
}
