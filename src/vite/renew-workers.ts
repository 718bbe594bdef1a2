/** Lets new code of a hub run in the development server: a shared worker goes on with the code that it was started with. */
import type { EnvironmentModuleNode, ESTree, Plugin } from 'vite';
import { HUB_ENTRY } from './hub-script.ts';
import { MAY_MENTION, mentionsIn, NOT_WRITTEN_HERE, type Worker } from './mentions.ts';
import { importsOf, parsed, propertyOf } from './syntax.ts';

/** Before `trunkline/worker` in an import: what is imported in its place. */
const NEWEST_OWNS = 'newest-owns:';
/** Its id, which begins so that no other plugin takes it for a file. */
const NEWEST_OWNS_ID = `\0${NEWEST_OWNS}${HUB_ENTRY}`;
const NEWEST_OWNS_CODE = `
export * from '${HUB_ENTRY}';
import { startHub as start } from '${HUB_ENTRY}';
export const startHub = (protocol, options) =>
  start(protocol, { ...options, settings: { newestOwns: true, ...options?.settings } });
`;

/** Of the development server alone. */
export function renewWorkers(): Plugin {
  /** Files that pages were seen to start as their hub's script. */
  const hubs = new Set<string>();
  let importedFrom: string | undefined;
  return {
    name: 'trunkline:renew-workers',
    apply: 'serve',
    applyToEnvironment: ({ config }) => config.consumer === 'client',
    // Vite does not look into workers for what it has to bundle: found later, it would reload the page over it.
    config: () => ({ optimizeDeps: { include: [HUB_ENTRY] } }),
    async resolveId(source, importer) {
      if (importer === NEWEST_OWNS_ID) return this.resolve(source, importedFrom, { skipSelf: true });
      if (source !== NEWEST_OWNS + HUB_ENTRY) return null;
      importedFrom = importer;
      return NEWEST_OWNS_ID;
    },
    load: (id) => (id === NEWEST_OWNS_ID ? NEWEST_OWNS_CODE : null),
    transform: {
      filter: { id: { exclude: NOT_WRITTEN_HERE }, code: [MAY_MENTION, HUB_ENTRY] },
      async handler(code, id) {
        const program = parsed(this, code);
        if (!program) return null;
        // Vite resolves what it has bundled before it asks a plugin, so that the import itself is to name something else.
        const insertions: Insertion[] = importsOf(program)
          .filter(({ source }) => source === HUB_ENTRY)
          .map(({ at }) => ({ at: at + 1, text: NEWEST_OWNS }));
        for (const { file, form } of await mentionsIn(this, program, id)) {
          hubs.add(file);
          if (form.is === 'url' && form.worker) insertions.push(...insertionsInto(form.worker));
        }
        // Each is within a line, so that the lines of the map remain true.
        return insertions.length > 0 ? { code: withInsertions(code, insertions), map: null } : null;
      },
    },
    /** Else Vite might replace a component, with a client in it that joins the worker of before. */
    hotUpdate({ modules, timestamp }) {
      if (!modules.some((module) => isPartOf(hubs, module))) return undefined;
      const { moduleGraph, hot } = this.environment;
      const invalidated = new Set<EnvironmentModuleNode>();
      for (const module of modules) moduleGraph.invalidateModule(module, invalidated, timestamp, true);
      hot.send({ type: 'full-reload' });
      return [];
    },
  };
}

/** Whether one of these files is it, or imports it. */
function isPartOf(files: ReadonlySet<string>, module: EnvironmentModuleNode): boolean {
  const importers = new Set([module]);
  for (const { file, importers: more } of importers) {
    if (file !== null && files.has(file)) return true;
    for (const importer of more) importers.add(importer);
  }
  return false;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** A name that no other page's worker has, and an end with the page. */
function insertionsInto({ constructed, class: kind }: Worker): Insertion[] {
  const [, options] = constructed.arguments;
  if (kind !== 'SharedWorker' || options?.type !== 'ObjectExpression') return [];
  const last = options.properties.at(-1);
  if (!last) return [];
  const named = propertyOf(options, 'name');
  const name = named ? '' : ', name: performance.timeOrigin';
  return [...(named ? madeUnique(named) : []), { at: last.end, text: `${name}, extendedLifetime: false` }];
}

function madeUnique({ value, shorthand }: ESTree.ObjectProperty): Insertion[] {
  return [
    { at: value.start, text: shorthand ? 'name: (' : '(' },
    { at: value.end, text: ") + ' ' + performance.timeOrigin" },
  ];
}

function withInsertions(code: string, insertions: readonly Insertion[]): string {
  let done = '';
  let from = 0;
  for (const { at, text } of [...insertions].sort((one, other) => one.at - other.at)) {
    done += code.slice(from, at) + text;
    from = at;
  }
  return done + code.slice(from);
}
