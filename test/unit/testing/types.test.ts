import { act } from '@testing-library/react';
import { act as reactAct } from 'react';
import { expectTypeOf, test } from 'vitest';
import type { Client } from '../../../src/index.ts';
import { type Act, createTestbed, type Received, type TestTab } from '../../../testing/index.ts';
import { type Ops, ops } from '../server/support/protocol.ts';

test("`act` may be React's own, or Testing Library's", () => {
  expectTypeOf(act).toExtend<Act>();
  expectTypeOf(reactAct).toExtend<Act>();
});

test('what was received is told apart by its type, as the output of its schema', () => {
  type OfType<T> = Extract<Received<Ops>, { command: { type: T } }>;
  expectTypeOf<OfType<'decide'>['command']>().toEqualTypeOf<
    { readonly type: 'decide' } & { gate: string; comment: string }
  >();
  expectTypeOf<Received<Ops>['command']['type']>().toEqualTypeOf<'decide' | 'note'>();
  expectTypeOf<TestTab<Ops>['client']>().toEqualTypeOf<Client<Ops>>();
});

test('what does not fit the protocol does not compile', () => {
  const never = () => {
    // @ts-expect-error a wrong result
    createTestbed(ops, { commands: { decide: () => ({ resumed: 1 }) } });
    // @ts-expect-error no such command
    createTestbed(ops, { commands: { decide: () => ({ resumed: true }), other: () => {} } });
    // @ts-expect-error no such setting
    createTestbed(ops, { settings: { heartbeat: 1 } });
    const { server } = createTestbed(ops, { commands: { decide: () => ({ resumed: true }) } });
    server.emit('t', { type: 'at', time: '2026-01-01T00:00:00Z' });
    // @ts-expect-error a wrong field
    server.emit('t', { type: 'log', line: 1 });
    // @ts-expect-error no such command
    server.refuse('other', { code: 'no' });
  };
  expectTypeOf(never).toBeFunction();
});
