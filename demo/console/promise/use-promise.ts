import { useCallback, useEffect, useMemo, useState } from 'react';
import { useClient } from '../trunk.ts';
import { play } from './play.ts';
import { savedScript, saveScript } from './saved-script.ts';
import type { Script } from './script.ts';

export interface PromisePlay {
  /** `null`: nothing is played. */
  readonly script: Script | null;
  begin(): void;
  stop(): void;
}

/** Plays the scenario stage by stage, and goes on with it after the reload. */
export function usePromise(): PromisePlay {
  const client = useClient();
  const [script, setScript] = useState<Script | null>(savedScript);

  useEffect(() => {
    saveScript(script);
    if (!script || script.stage === 'proof' || script.stage === 'failed') return;
    const ended = new AbortController();
    const go = (next: Script) => {
      if (!ended.signal.aborted) setScript(next);
    };
    play(script, client, ended.signal).then(go, (error) => {
      go({
        stage: 'failed',
        runId: script.runId,
        message: error instanceof Error ? error.message : String(error),
      });
    });
    return () => ended.abort();
  }, [script, client]);

  const begin = useCallback(() => setScript({ stage: 'start', runId: null }), []);
  const stop = useCallback(() => setScript(null), []);
  return useMemo(() => ({ script, begin, stop }), [script, begin, stop]);
}
