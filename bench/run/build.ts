import { join } from 'node:path';
import { buildWithVite } from '../../test/package/support/bundlers.ts';
import { createConsumer, removeConsumer } from '../../test/package/support/consumer.ts';

export interface BuiltPages {
  /** The folder of a contender's page, built. */
  of(name: string): string;
  /** The script of a process, beside the packed library. */
  entry(of: 'server' | 'clients'): string;
  /** Why a page could not be built, by its name. */
  readonly failed: ReadonlyMap<string, string>;
  remove(): void;
}
interface BuildOptions {
  /** The packed library. @default packed of what is here */
  readonly tarball?: string;
  /** Whether a page that cannot be built is told of in `failed`, instead of an error. @default false */
  readonly toleratesFailure?: boolean;
}

const PEERS = [
  'partysocket',
  'socket.io',
  'socket.io-client',
  'tab-election',
  '@tanstack/db',
  '@tanstack/offline-transactions',
] as const;

/** Where nobody needs a page or a process of its own. */
export const NOTHING_BUILT: BuiltPages = {
  failed: new Map(),
  entry(of) {
    throw new Error(`${of} was not built`);
  },
  of(name) {
    throw new Error(`the page of ${name} was not built`);
  },
  remove() {},
};

/** Packs the library, installs it beside its peers into an application, and builds each contender's page with Vite. */
export async function buildPages(
  names: readonly string[],
  { tarball, toleratesFailure = false }: BuildOptions = {},
): Promise<BuiltPages> {
  const consumer = createConsumer({
    sources: 'bench',
    packages: PEERS,
    ...(tarball !== undefined && { tarball }),
  });
  const built = new Map<string, string>();
  const failed = new Map<string, string>();
  try {
    for (const name of names) {
      const folder = join(consumer.folder, name);
      try {
        built.set(name, await buildWithVite({ app: join(consumer.app, 'pages', name), folder }));
      } catch (error) {
        if (!toleratesFailure) throw error;
        failed.set(name, error instanceof Error ? error.message : String(error));
      }
    }
  } catch (error) {
    removeConsumer(consumer);
    throw error;
  }
  return {
    failed,
    entry: (of) => join(consumer.app, of, 'main.ts'),
    of(name) {
      const folder = built.get(name);
      if (folder === undefined) throw new Error(`the page of ${name} was not built`);
      return folder;
    },
    remove: () => removeConsumer(consumer),
  };
}
