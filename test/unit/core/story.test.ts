import { expect, test } from 'vitest';
import type { WorldTab } from '../../support/hub-world.ts';
import { connect, remark, start } from './ops.ts';

const storyOf = (tab: WorldTab) =>
  tab.batches
    .flatMap(({ reports = [] }) => reports)
    .filter((report) => report.kind === 'log' && report.level === 'debug')
    .map(({ message }) => message);

test('the debug lines tell each change of role, storage and connection, once', () => {
  const { world, tab } = start({ open: false });
  tab.subscribe('run:1');
  world.openStore();
  world.socket.welcome({ session: 's1' });
  world.socket.close(1006);
  world.disk.failure = 'full';
  remark(tab, 1);
  expect(storyOf(tab)).toEqual([
    'the hub is candidate; its storage: ok; its connection: closed, idle',
    'the hub is owner of term 1; its storage: ok; its connection: connecting',
    'the hub is owner of term 1; its storage: ok; its connection: open to ws://test, session s1',
    'the hub is owner of term 1; its storage: ok; its connection: closed, network',
    'the hub is owner of term 1; its storage: full: as the test wants; its connection: closed, network',
  ]);
});

test('a page of another version than its hub is told so, each time that it comes', () => {
  const { world, tab } = start();
  const warnings = (of: WorldTab) =>
    of.batches
      .flatMap(({ reports = [] }) => reports)
      .filter((report) => report.kind === 'log' && report.level === 'warn')
      .map(({ message }) => message);
  expect(warnings(tab)).toEqual([]);
  world.attach({ appVersion: 2 });
  expect(warnings(tab)).toEqual(['a page is of version 2, its hub of version 1; reload the page']);
});

test('while the storage fails an open connection says what that costs', () => {
  const { world, tab } = connect();
  expect(tab.connection).toMatchObject({ state: 'open' });
  expect(tab.connection).not.toHaveProperty('detail');
  world.disk.failure = 'full';
  remark(tab, 1);
  expect(tab.connection).toMatchObject({ state: 'open', detail: { message: 'full: as the test wants' } });
});
