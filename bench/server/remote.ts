import type { ChildProcess } from 'node:child_process';

/** The methods of an object in another process. */
export type Remote<T> = {
  [M in keyof T]: T[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};
interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}
type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

/** In the child: does what its parent calls, for as long as it lives. */
export function serveCalls<T extends object>(methods: T): void {
  process.on('message', async ({ id, method, args }: Call) => {
    let answer: Answer;
    try {
      const called: unknown = Reflect.get(methods, method);
      if (typeof called !== 'function') throw new Error(`there is no method ${method}`);
      answer = { id, value: await called.apply(methods, args) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit());
}

/** In the parent. */
export function callsOf<T extends object>(child: ChildProcess): Remote<T> {
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.on('exit', (code, signal) => {
    for (const [id, tell] of waiting) tell({ id, error: `the process ended: ${code ?? signal}` });
    waiting.clear();
  });
  const call = (method: string, args: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, (answer) => {
        if ('error' in answer) reject(new Error(answer.error));
        else resolve(answer.value);
      });
      child.send({ id, method, args } satisfies Call);
    });
  return new Proxy({} as Remote<T>, {
    // Not a promise, whatever awaits it.
    get: (_, method) =>
      method === 'then' ? undefined : (...args: readonly unknown[]) => call(String(method), args),
  });
}
