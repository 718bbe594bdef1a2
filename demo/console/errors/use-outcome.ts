import type { Outcome, Receipt } from 'trunkline';
import { useToasts } from './toasts.ts';

/** Waits for what becomes of a command. Answers its result; where it comes to nothing a notice says why. */
export function useOutcome(): <R>(
  sending: Promise<Receipt<R>>,
  about?: string,
) => Promise<Accepted<R> | null> {
  const toasts = useToasts();
  return async (sending, about) => {
    const tell = (text: string) =>
      toasts.add({ tone: 'error', text: about === undefined ? text : `${about}: ${text}` });
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
