import { useCallback, useState } from 'react';
import { type OpenStages, pageWith } from './cards.ts';
import type { Stage } from './stages.ts';

/** Which stages are open. That of a node that gets selected opens by itself, and can be closed all the same. */
export function useOpenStages(stages: readonly Stage[], selected: string | null) {
  const [revealed, setRevealed] = useState<string | null>(null);
  const [open, setOpen] = useState<OpenStages>(new Map());
  if (selected !== revealed) {
    setRevealed(selected);
    const stage = stages.find(({ steps }) => steps.some(({ nodeId }) => nodeId === selected));
    if (stage && selected !== null) setOpen(new Map(open).set(stage.stageId, pageWith(stage, selected)));
  }
  const show = useCallback(
    (stageId: string, page = 0) => setOpen((now) => new Map(now).set(stageId, page)),
    [],
  );
  const close = useCallback((stageId: string) => {
    setOpen((now) => new Map([...now].filter(([id]) => id !== stageId)));
  }, []);
  return { open, show, close };
}
