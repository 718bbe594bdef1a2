import type { Outcome, Receipt } from 'trunkline';
import { useToasts } from './toasts.ts';

/** What the notice names. */
type About = { readonly title: string } | { readonly runId: string };

/** Waits for what becomes of a command. Answers its result; where it comes to nothing a notice says why. */
export function useOutcome(): <R>(
  sending: Promise<Receipt<R>>,
  about?: About,
) => Promise<Accepted<R> | null> {
  const toasts = useToasts();
  return async (sending, about) => {
    const tell = (why: string) => {
      const text = about !== undefined && 'title' in about ? `${about.title}: ${why}` : why;
      const runIds = about !== undefined && 'runId' in about ? [about.runId] : [];
      toasts.add({ tone: 'error', text, runIds });
    };
    try {
      const { outcome } = await sending;
      const ended = await outcome;
      if (ended.status === 'accepted') return ended;
      if (ended.status === 'rejected') tell(ended.message);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
    return null;
  };
}

type Accepted<R> = Extract<Outcome<R>, { status: 'accepted' }>;
