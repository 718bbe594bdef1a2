import { join } from 'node:path';
import { buildWithVite } from '../../test/package/support/bundlers.ts';
import { createConsumer, removeConsumer } from '../../test/package/support/consumer.ts';

export interface BuiltPages {
  /** The folder of a contender's page, built. */
  of(name: string): string;
  /** The servers' entry, beside the packed library. */
  readonly server: string;
  remove(): void;
}

const PEERS = [
  'partysocket',
  'socket.io',
  'socket.io-client',
  'tab-election',
  '@tanstack/db',
  '@tanstack/offline-transactions',
] as const;

/** Packs the library, installs it beside its peers into an application, and builds each contender's page with Vite. */
export async function buildPages(names: readonly string[]): Promise<BuiltPages> {
  const consumer = createConsumer({ sources: 'bench', packages: PEERS });
  const built = new Map<string, string>();
  for (const name of names) {
    const folder = join(consumer.folder, name);
    built.set(name, await buildWithVite({ app: join(consumer.app, 'pages', name), folder }));
  }
  return {
    server: join(consumer.app, 'server/main.ts'),
    of(name) {
      const folder = built.get(name);
      if (folder === undefined) throw new Error(`the page of ${name} was not built`);
      return folder;
    },
    remove: () => removeConsumer(consumer),
  };
}
