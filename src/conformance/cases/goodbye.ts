/** Deadlines, and what ends a connection. */
import type { Case } from '../case.ts';
import { must } from '../outcome.ts';

export const GOODBYE: readonly Case[] = [
  {
    id: 'goodbye/no-hello',
    level: 'smallest',
    sentence: 'Where no `hello` came 10 seconds after the socket opened',
    async judge(trial) {
      const { hello_ms, patience_ms } = trial.profile;
      const line = await trial.socket();
      await trial.quiet(hello_ms / 2);
      must(!line.isClosed, `a socket was closed in less than half of ${hello_ms} ms without a \`hello\``);
      const { code } = await line.next('goodbye', undefined, { within: hello_ms + patience_ms });
      must(code === 'bad_frame', `the \`goodbye\` is ${code}`);
      await line.closed();
    },
  },
  {
    id: 'goodbye/heartbeat',
    level: 'smallest',
    sentence: 'A server that hears nothing for',
    async judge(trial) {
      const { line, welcome } = await trial.join();
      const ms = Math.min((welcome.heartbeat_ms ?? 30_000) * 3, trial.profile.patience_ms);
      await trial.quiet(ms);
      must(!line.isClosed, `a connection that keeps its heartbeat was closed within ${ms} ms`);
      await line.settle();
    },
  },
];
