/** `trunkline init`: an application to begin with, as a person asks for it. */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, isAttended } from './ask.ts';
import { refuseFilled, TEMPLATES, type Template, writeApplication } from './write-application.ts';

export const INIT_USAGE = `trunkline init [FOLDER] [--template ${TEMPLATES.join('|')}] [--force]
  Writes an application to begin with, for Vite: protocol, hub, page, server and tests; its server needs Node 22.18 or later. In a
  terminal it asks for what is not said.
  FOLDER      made where it is not there; the application has its name
  --template  what the page is made with; vanilla is without a framework
  --force     also where the folder has files: those of the same names are replaced, the others stay`;

const USUAL_FOLDER = 'my-app';

/** Resolves with the exit status: 0 where it is written, 1 where it is not, 2 for wrong arguments. */
export async function initCommand(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  switch (asked.state) {
    case 'help':
      console.log(INIT_USAGE);
      return 0;
    case 'wrong':
      console.error(`${asked.problem}\n\n${INIT_USAGE}`);
      return 2;
    case 'init':
      try {
        return await init(asked);
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        return 1;
      }
  }
}

type Asked =
  | { readonly state: 'help' }
  | { readonly state: 'wrong'; readonly problem: string }
  | {
      readonly state: 'init';
      /** `null`: to be asked for. */
      readonly folder: string | null;
      readonly template: Template | null;
      readonly isForced: boolean;
    };

function readArguments(args: readonly string[]): Asked {
  const options = {
    help: { type: 'boolean', short: 'h' },
    template: { type: 'string', short: 't' },
    force: { type: 'boolean', default: false },
  } as const;
  const wrong = (problem: string) => ({ state: 'wrong', problem }) as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return { state: 'help' };
    const [folder = null, ...more] = positionals;
    if (more.length > 0) return wrong(`Name one folder, not ${positionals.length}.`);
    const template = values.template === undefined ? null : templateOf(values.template);
    if (values.template !== undefined && template === null)
      return wrong(`There is no template ${JSON.stringify(values.template)}.`);
    if (!isAttended(process) && (folder === null || template === null))
      return wrong(`Name a ${folder === null ? 'folder' : 'template'}: there is no terminal to ask in.`);
    return { state: 'init', folder, template, isForced: values.force };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

const templateOf = (name: string): Template | null => TEMPLATES.find((template) => template === name) ?? null;

async function init({ isForced, ...said }: Asked & { state: 'init' }): Promise<number> {
  const folder =
    said.folder ?? (await ask(process, `Folder (${USUAL_FOLDER}): `, (name) => name || USUAL_FOLDER));
  if (folder === null) return 1;
  // Told before more is asked.
  if (!isForced) refuseFilled(folder);
  const template = said.template ?? (await ask(process, `Template (${TEMPLATES.join(', ')}): `, templateOf));
  if (template === null) return 1;
  writeApplication({ folder, template, isForced });
  console.log(nextSteps(folder));
  return 0;
}

function nextSteps(folder: string): string {
  const path = relative('', folder);
  return [
    'It is written. Next:',
    '',
    ...(path === '' ? [] : [`  cd ${/[^\w./\\:-]/.test(path) ? JSON.stringify(path) : path}`]),
    '  npm install',
    '  npm run server',
    '',
    'and in another terminal there:',
    '',
    '  npm run dev',
    '',
    'README.md says what to try, and what is where.',
  ].join('\n');
}
