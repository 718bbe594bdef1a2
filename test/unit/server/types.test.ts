import { expectTypeOf, test } from 'vitest';
import type { Principal } from '../../../src/server/index.ts';
import { type CommandContext, createServer, type Handlers } from '../../../src/server/index.ts';
import { type Ops, ops } from './support/protocol.ts';

test('a handler takes the output of its command, and returns the input of its result', () => {
  type H = Handlers<Ops>;
  expectTypeOf<Parameters<H['decide']>[0]>().toEqualTypeOf<
    { readonly type: 'decide' } & { gate: string; comment: string }
  >();
  expectTypeOf<Parameters<H['decide']>[1]>().toEqualTypeOf<CommandContext<Ops>>();
  expectTypeOf<ReturnType<H['decide']>>().toEqualTypeOf<
    { resumed: boolean } | Promise<{ resumed: boolean }>
  >();
  expectTypeOf<ReturnType<H['note']>>().toEqualTypeOf<unknown>();
  expectTypeOf<CommandContext<Ops>['principal']>().toEqualTypeOf<Principal>();
});

test('what does not fit the protocol does not compile', () => {
  const never = () => {
    const decide = () => ({ resumed: true });
    // @ts-expect-error a handler is missing
    createServer(ops, { commands: { decide } });
    // @ts-expect-error a wrong result
    createServer(ops, { commands: { decide: () => ({ resumed: 1 }), note: () => {} } });
    // @ts-expect-error no such command
    createServer(ops, { commands: { decide, note: () => {}, other: () => {} } });
    const server = createServer(ops, {
      commands: {
        decide: async (command, context) => {
          expectTypeOf(command.comment).toEqualTypeOf<string>();
          context.publish('t', { type: 'at', time: '2026-01-01T00:00:00Z' });
          // @ts-expect-error a wrong field
          context.publish('t', { type: 'log', line: 1 });
          const newest = await context.latest('t', 'gate:g');
          if (newest?.event.type === 'gate') expectTypeOf(newest.event.open).toEqualTypeOf<boolean>();
          if (newest?.event.type === 'at') expectTypeOf(newest.event.time).toEqualTypeOf<Date>();
          context.expect('t', 'gate:g', newest?.offset ?? 0);
          return { resumed: true };
        },
        note: () => {},
      },
    });
    expectTypeOf(server.publish('t', { type: 'log', line: 'x' })).toEqualTypeOf<
      Promise<{ epoch: string; offset: number }>
    >();
    // @ts-expect-error no such event
    void server.publish('t', { type: 'nope' });
  };
  expectTypeOf(never).toBeFunction();
});
