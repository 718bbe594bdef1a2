import { useOutcome } from '../errors/use-outcome.ts';
import { goTo } from '../route.ts';
import { useSend } from '../trunk.ts';

/** Starts a run of a pipeline, and shows it. */
export function useStartRun(pipeline: { readonly name: string; readonly title: string }): {
  start: () => Promise<void>;
  isAsking: boolean;
} {
  const { send, pending } = useSend('start_run');
  const outcomeOf = useOutcome();
  const start = async () => {
    const started = await outcomeOf(send({ pipeline: pipeline.name }), pipeline);
    if (started) goTo({ runId: started.result.runId });
  };
  return { start, isAsking: pending };
}
