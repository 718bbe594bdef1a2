import type { PromisePlay } from '../promise/use-promise.ts';
import { useLanding } from '../ui/landing.ts';

/** While no run is chosen: what there is to see here. */
export function Welcome({ promise }: { promise: PromisePlay }) {
  return (
    <section className="welcome">
      <h1 ref={useLanding()} tabIndex={-1}>
        One line for all your tabs
      </h1>
      <p>
        Every tab and window of this browser shares one connection to the server. A decision that you make
        while the line is down is stored, survives a reload, and is accepted once.
      </p>
      <button
        type="button"
        className="button primary large"
        onClick={promise.begin}
        disabled={promise.script !== null}
      >
        Try the promise
      </button>
      <p className="hint">
        It starts a run, takes the server away, approves a gate, reloads this page, leaves it, and shows what
        became of it: less than a minute. Open a second tab to see it there, too.
      </p>
    </section>
  );
}
