import { render } from 'svelte/server';
import { expect, it } from 'vitest';
import { createTestbed } from '../../../testing/index.ts';
import { protocol } from '../../browser/client/support/protocol.ts';
import Node from '../../browser/svelte/node.svelte';
import Provided from '../../browser/svelte/provided.svelte';
import Stores from '../../browser/svelte/stores.svelte';
import Values from '../../browser/svelte/values.svelte';
import { tabThatSays } from './first-values.ts';

const textOf = (html: string) =>
  html
    .replaceAll(/<!--.*?-->/g, '')
    .replaceAll(/<\/?p>/g, '|')
    .replaceAll(/\s+/g, ' ');

it('gives the first values on a server, and follows nothing', async () => {
  await using bed = createTestbed(protocol, { commands: { approve: () => ({ ran: 1 }) } });
  await bed.server.emit('run', { type: 'node', id: 'a', state: 'done' });
  const { client, said } = tabThatSays(bed);
  const children = [
    [Values, {}],
    [Node, { topic: 'run', id: 'a' }],
  ];
  const { body } = render(Provided, { props: { client, children } });
  expect(textOf(body)).toBe(
    `|closed idle 0 false| |0 nodes, done: | |false | |${bed.now()}||run a undefined|`,
  );
  await bed.advance(10_000);
  expect(said).toEqual([]);
  expect(bed.errors).toEqual([]);
});

it('gives the first values of stores on a server', async () => {
  await using bed = createTestbed(protocol, { commands: { approve: () => ({ ran: 1 }) } });
  const { client } = bed.openTab();
  expect(textOf(render(Stores, { props: { client } }).body)).toBe('|closed 0|');
});
