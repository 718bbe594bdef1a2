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
  /** Who made it; absent in those of an older page, which are everybody's. */
  by: z.optional(z.string()),
});
export type MadeDecision = z.infer<typeof made>;

/** Of this person: what became of them is known to nobody else's outbox. */
export function decisionsMade(name: string): readonly MadeDecision[] {
  return ofAll().filter(({ by = name }) => by === name);
}

function ofAll(): readonly MadeDecision[] {
  try {
    return z.parse(z.array(made), JSON.parse(localStorage.getItem(KEY) ?? '[]'));
  } catch {
    // The browser keeps nothing, or something else has written there.
    return [];
  }
}

/** @param entry of the outbox; one that an older page has made may have another shape, and is not kept. */
export function keepDecision(
  { id, command }: { id: string; command: object },
  title: string,
  by: string,
): void {
  const decision = z.safeParse(made, { ...command, id, title, by });
  const known = ofAll();
  if (!decision.success || known.some((one) => one.id === id)) return;
  write([...known, decision.data]);
}

export function forgetDecision(id: string): void {
  write(ofAll().filter((decision) => decision.id !== id));
}

function write(decisions: readonly MadeDecision[]): void {
  try {
    if (decisions.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(decisions));
  } catch {
    // Then it is told as long as this page is open.
  }
}
