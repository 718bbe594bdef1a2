/** Refuses what Vite would make no worker of. */
import { SourceMap } from 'node:module';
import { relative } from 'node:path';
import type { Plugin, Rolldown } from 'vite';
import { complaintAbout } from './complaint.ts';
import { MAY_MENTION, mentionsIn, NOT_WRITTEN_HERE } from './mentions.ts';
import { parsed } from './syntax.ts';

export function checkWorkers(): Plugin {
  let root = '';
  return {
    name: 'trunkline:check-workers',
    applyToEnvironment: ({ config }) => config.consumer === 'client',
    configResolved(config) {
      root = config.root;
    },
    transform: {
      // Vite looks for workers in JavaScript, just behind plugins of this order.
      filter: { id: { exclude: NOT_WRITTEN_HERE }, code: MAY_MENTION },
      async handler(code, id) {
        const program = parsed(this, code);
        if (!program) return;
        for (const mention of await mentionsIn(this, program, id)) {
          const complaint = complaintAbout(mention, code);
          if (complaint === undefined) continue;
          const file = relative(root, id.replace(/\?.*/s, ''));
          this.error(`${file}:${lineOf(this, code, mention.at)}: ${complaint}`);
        }
      },
    },
  };
}

/** In the file as it was written. */
function lineOf(asked: Rolldown.TransformPluginContext, code: string, at: number): number {
  const lines = code.slice(0, at).split('\n');
  const map = new SourceMap({ sourceRoot: '', ...asked.getCombinedSourcemap() });
  const written = map.findEntry(lines.length - 1, lines.at(-1)?.length ?? 0);
  return 'originalLine' in written ? written.originalLine + 1 : lines.length;
}
