/** Node's SQLite. By `require`, since a Node without it would refuse an import before anything could say why. */
import { createRequire } from 'node:module';
import type * as sqlite from 'node:sqlite';
import { needNode } from '../need-node.ts';

needNode('22.13', 'trunkline/server/sqlite');
const loaded: typeof sqlite = createRequire(import.meta.url)('node:sqlite');

export const { DatabaseSync } = loaded;
export type DatabaseSync = sqlite.DatabaseSync;
