import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import type { Proof, Stage } from './script.ts';
import type { PromisePlay } from './use-promise.ts';

const STAGES: readonly { stage: Stage; title: string; story: string }[] = [
  { stage: 'start', title: 'Start the audit', story: 'A run of real processes begins on the server.' },
  {
    stage: 'gate',
    title: 'Wait for its gate',
    story: 'It works, and will ask for a decision before it writes its report.',
  },
  {
    stage: 'cut',
    title: 'The server goes away',
    story: 'It asks. Before we answer, the server is gone for 16 seconds.',
  },
  {
    stage: 'approve',
    title: 'Approve, offline',
    story: 'No connection in any tab. We approve all the same.',
  },
  {
    stage: 'reload',
    title: 'Reload the page',
    story:
      'The decision is queued in this browser. Now this page is reloaded, with nobody there to serve it.',
  },
  {
    stage: 'leave',
    title: 'Leave the page',
    story:
      'Reloaded from this browser: the run as it was last known, our decision in the outbox. Now we leave.',
  },
  {
    stage: 'return',
    title: 'Come back',
    story: 'We are back. What became of the decision?',
  },
  { stage: 'proof', title: 'Accepted once', story: 'The server has it, once, and the run went on.' },
];

/** Tells what the scenario does, and what it has shown. */
export function PromisePanel({ promise: { script, begin, stop } }: { promise: PromisePlay }) {
  const current = STAGES.findIndex(({ stage }) => stage === script?.stage);
  return (
    <section className="promise" aria-label="The promise" data-open={script !== null}>
      {script && (
        <>
          <header className="details-header">
            <h2>The promise</h2>
            <button
              type="button"
              className="button icon-only"
              aria-label={script.stage === 'proof' ? 'Close' : 'Stop the scenario'}
              onClick={stop}
            >
              <Icon name="close" />
            </button>
          </header>
          {script.stage !== 'failed' && (
            <ol className="stages">
              {STAGES.map(({ stage, title }, index) => (
                <li
                  key={stage}
                  data-stage={
                    index < current || script.stage === 'proof' ? 'done' : index === current ? 'now' : 'next'
                  }
                  aria-current={index === current ? 'step' : undefined}
                >
                  <Icon
                    name={
                      index < current || script.stage === 'proof'
                        ? 'check'
                        : index === current
                          ? 'running'
                          : 'dot'
                    }
                  />
                  {title}
                </li>
              ))}
            </ol>
          )}
        </>
      )}
      <p className="story" role="status">
        {script?.stage === 'failed' ? script.message : STAGES[current]?.story}
      </p>
      {script?.stage === 'proof' && <ProofList proof={script.proof} />}
      {(script?.stage === 'proof' || script?.stage === 'failed') && (
        <div className="promise-actions">
          <button type="button" className="button" onClick={begin}>
            Play it again
          </button>
          <button type="button" className="button primary" onClick={stop}>
            Done
          </button>
        </div>
      )}
    </section>
  );
}

function ProofList({ proof: { sent, duplicate, resolved, by, sockets, tabs } }: { proof: Proof }) {
  return (
    <ul className="proof">
      <li>
        <strong className="tabular">{resolved}×</strong>
        <span>
          accepted{by !== null && `, from ${by}`};{' '}
          {sent === null ? 'while this page was away' : `sent ${sent === 1 ? 'once' : `${sent} times`}`}
          {duplicate && ', recognised by the server as the same'}
        </span>
      </li>
      <li>
        <strong className="tabular">{sockets.live}</strong>
        <span>
          {sockets.live === 1 ? 'connection' : 'connections'} for {plural(tabs, 'tab')}; {sockets.opened}{' '}
          opened so far
        </span>
      </li>
    </ul>
  );
}
