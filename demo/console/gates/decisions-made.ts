/** Decisions of this browser, kept until a person was told what became of them: also over a reload. */
import * as z from 'zod/mini';

const KEY = 'trunkline-console:decisions';

const made = z.object({
  /** Of its command. */
  id: z.string(),
  runId: z.string(),
  gateId: z.string(),
  /** The gate's. */
  title: z.string(),
  verdict: z.enum(['approve', 'reject']),
});
export type MadeDecision = z.infer<typeof made>;

export function decisionsMade(): readonly MadeDecision[] {
  try {
    return z.parse(z.array(made), JSON.parse(localStorage.getItem(KEY) ?? '[]'));
  } catch {
    // The browser keeps nothing, or something else has written there.
    return [];
  }
}

/** @param entry of the outbox; one that an older page has made may have another shape, and is not kept. */
export function keepDecision({ id, command }: { id: string; command: object }, title: string): void {
  const decision = z.safeParse(made, { ...command, id, title });
  if (!decision.success || decisionsMade().some((known) => known.id === id)) return;
  write([...decisionsMade(), decision.data]);
}

export function forgetDecision(id: string): void {
  write(decisionsMade().filter((decision) => decision.id !== id));
}

function write(decisions: readonly MadeDecision[]): void {
  try {
    if (decisions.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(decisions));
  } catch {
    // Then it is told as long as this page is open.
  }
}
