import { isDeepStrictEqual } from 'node:util';
import type { StateDisk } from '../../../testing/fakes/state-store.ts';
import type { Servers } from '../server/servers.ts';

/**
 * What lies on a device as the last known state, which a page would be shown as stale, was true of the server at that offset: by key,
 * and each line. A server that has lost some of its history is no witness of what it said before.
 */
export function judgeSaved(server: Servers, { heads, items }: StateDisk, problems: string[]): void {
  if (server.amnesias > 0) return;
  for (const { topic, epoch, offset } of heads.values()) {
    const said = server.chronicle.published.filter(
      (event) => event.topic === topic && event.epoch === epoch && event.offset <= offset,
    );
    const nodes: Record<string, string> = {};
    const lines = new Set<number>();
    for (const { text, offset: at } of said) {
      const { type, id, state } = JSON.parse(text);
      if (type === 'line') lines.add(at);
      if (type !== 'node') continue;
      if (state === 'gone') delete nodes[`node:${id}`];
      else nodes[`node:${id}`] = text;
    }
    const rows = [...(items.get(topic)?.values() ?? [])];
    const kept = Object.fromEntries(
      rows.flatMap(({ slot, item }) =>
        typeof slot === 'string' ? [[slot, JSON.stringify(item.event)]] : [],
      ),
    );
    if (!isDeepStrictEqual(kept, nodes))
      problems.push(
        `of ${topic} at ${offset} is kept ${JSON.stringify(kept)}, the server had ${JSON.stringify(nodes)}`,
      );
    for (const { slot } of rows)
      if (typeof slot === 'number' && !lines.has(slot))
        problems.push(`of ${topic} at ${offset} a line of ${slot} is kept that the server did not have`);
  }
}
