import { afterEach } from 'vitest';
import type { ServerOptions } from '../../../../src/server/index.ts';
import type { Ops } from './protocol.ts';
import { World } from './wire.ts';

const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((created) => created.end()));
});

/** A listening server, which ends with the test. */
export async function world(options: Partial<ServerOptions<Ops>> = {}, path?: string): Promise<World> {
  const created = new World(options, path);
  worlds.push(created);
  return await created.listen();
}
