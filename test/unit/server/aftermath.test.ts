import { expect, test } from 'vitest';
import { deferred } from '../../../src/server/core/deferred.ts';
import {
  type CommandContext,
  type EventLog,
  memoryLog,
  Reject,
  type Transaction,
} from '../../../src/server/index.ts';
import { sqliteLog } from '../../../src/server/sqlite/index.ts';
import type { Ops } from './support/protocol.ts';
import { world } from './support/worlds.ts';

const decide = () => ({ resumed: true });
const note = (text: string) => ({ type: 'note', text });

type Commit = EventLog['commit'];
/** A log whose commits of commands are the test's. */
function logWith(commit: (commit: Commit, ...args: Parameters<Commit>) => ReturnType<Commit>): EventLog {
  const log = memoryLog();
  const real = log.commit.bind(log);
  const hasCommand = (transactions: readonly Transaction[]) => transactions.some(({ command }) => command);
  log.commit = async (transactions, now) =>
    hasCommand(transactions) ? await commit(real, transactions, now) : await real(transactions, now);
  return log;
}

/** A server whose handler of `note` does as it is told, and tells what it was called back for. */
async function following(log: EventLog, handle: (context: CommandContext<Ops>) => unknown = () => {}) {
  const calls: string[] = [];
  const running = await world({
    log,
    commands: {
      decide,
      note: async ({ text }, context) => {
        context.publish('t', { type: 'log', line: text });
        context.afterCommit(() => void calls.push(`${text} committed`));
        context.afterRollback(() => void calls.push(`${text} rolled back`));
        await handle(context);
      },
    },
  });
  return { running, calls, client: await running.join() };
}

test('a handler is called back when its transaction is in the log, before its client hears, and never before', async () => {
  const begun = deferred<void>();
  const written = deferred<void>();
  const log = logWith(async (commit, ...args) => {
    begun.resolve();
    await written.promise;
    return await commit(...args);
  });
  const { calls, client } = await following(log);
  client.command(note('x'));
  await begun.promise;
  expect(calls).toEqual([]);
  written.resolve();
  await client.next('command_ack');
  expect(calls).toEqual(['x committed']);
});

test('the repeat of a command that is in the log calls nobody back', async () => {
  const { calls, client } = await following(memoryLog());
  const id = client.command(note('x'));
  await client.next('command_ack');
  client.command(note('x'), { id, attempt: 2 });
  expect(await client.next('command_ack')).toMatchObject({ id, duplicate: true });
  expect(calls).toEqual(['x committed']);
});

test('a handler that refuses is told that nothing of it is in the log', async () => {
  const { calls, client } = await following(memoryLog(), () => {
    throw new Reject('closed', 'the gate is closed');
  });
  client.command(note('x'));
  await client.next('command_nack');
  expect(calls).toEqual(['x rolled back']);
});

test('each attempt of a handler that fails is told of for itself', async () => {
  let attempts = 0;
  const { calls, client } = await following(memoryLog(), () => {
    attempts += 1;
    if (attempts < 3) throw new Error('not yet');
  });
  client.command(note('x'));
  await client.next('command_ack');
  expect(calls).toEqual(['x rolled back', 'x rolled back', 'x committed']);
});

test('a commit that fails, and did not happen, is told as that', async () => {
  const log = logWith(async () => {
    throw new Error('the disk is full');
  });
  const { calls, client } = await following(log);
  client.command(note('x'));
  expect(await client.next('command_nack')).toMatchObject({ code: 'unavailable', retry: true });
  expect(calls).toEqual(['x rolled back']);
});

test('a commit that fails, and happened all the same, is told as that, once', async () => {
  const log = logWith(async (commit, ...args) => {
    await commit(...args);
    throw new Error('the answer was lost');
  });
  const { calls, client } = await following(log);
  const id = client.command(note('x'));
  expect(await client.next('command_nack')).toMatchObject({ code: 'unavailable', retry: true });
  client.command(note('x'), { id, attempt: 2 });
  expect(await client.next('command_ack')).toMatchObject({ id, duplicate: true });
  expect(calls).toEqual(['x committed']);
});

test('where nobody can tell whether a commit happened, nobody is called back', async () => {
  const log = logWith(async () => {
    log.recall = async () => {
      throw new Error('the log is out of reach');
    };
    throw new Error('the answer was lost');
  });
  const { calls, client } = await following(log);
  client.command(note('x'));
  expect(await client.next('command_nack')).toMatchObject({ code: 'unavailable', retry: true });
  expect(calls).toEqual([]);
});

test('a command that was withdrawn behind its handler is told as rolled back', async () => {
  const log = logWith(async (commit, transactions, now) => {
    for (const { command } of transactions) if (command) await log.cancel(command, now);
    return await commit(transactions, now);
  });
  const { calls, client } = await following(log);
  client.command(note('x'));
  expect(await client.next('command_nack')).toMatchObject({ code: 'cancelled', retry: false });
  expect(calls).toEqual(['x rolled back']);
});

test('a callback that throws or rejects is reported, and takes nothing with it', async () => {
  const { running, calls, client } = await following(memoryLog(), ({ afterCommit }) => {
    afterCommit(() => {
      throw new Error('thrown');
    });
    afterCommit(async () => {
      throw new Error('rejected');
    });
  });
  const id = client.command(note('x'));
  expect(await client.next('command_ack')).toEqual({ type: 'command_ack', id });
  expect(calls).toEqual(['x committed']);
  expect(running.errors).toEqual([
    `command "note" (${id}), calling back after its transaction was committed: Error: thrown`,
    `command "note" (${id}), calling back after its transaction was committed: Error: rejected`,
  ]);
});

test('a handler that has returned can ask for no call any more', async () => {
  let kept: CommandContext<Ops> | undefined;
  const { client } = await following(memoryLog(), (context) => {
    kept = context;
  });
  client.command(note('x'));
  await client.next('command_ack');
  expect(() => kept?.afterCommit(() => {})).toThrow('is over: context.afterCommit');
  expect(() => kept?.afterRollback(() => {})).toThrow('is over: context.afterRollback');
});

test('a server says when its log can be read, and that it cannot be opened; asked again, it tries again', async () => {
  const log = memoryLog();
  const open = log.open.bind(log);
  let fails = true;
  log.open = async (options) => {
    if (fails) throw new Error('no such disk');
    return await open(options);
  };
  const running = await world({ log });
  await expect(running.server.ready()).rejects.toThrow('no such disk');
  fails = false;
  await running.server.ready();
  expect(await log.state('t')).toMatchObject({ offset: 0 });
});

test('a log on disk is open once the server is ready', async () => {
  const log = sqliteLog(':memory:');
  const running = await world({ log });
  await running.server.ready();
  expect(await log.state('t')).toMatchObject({ offset: 0 });
});
