/** `trunkline conformance`: the arguments, the progress, and the exit status. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ConformOptions, conform } from './conform.ts';
import { type Profile, readProfile } from './profile.ts';
import { lineOf, summaryOf } from './report.ts';
import { select } from './selection.ts';

export const USAGE = `trunkline conformance ws://host:port/path --profile FILE [--level smallest|full] [--black-box] [--only TEXT] [--fail-fast] [--json]
  Judges whether a server keeps the protocol trunkline.v1.
  --profile FILE  what the server is for, and how it is controlled (docs/conformance.md)
  --level LEVEL   how far to judge; else what the profile says, or full
  --black-box     by sockets alone, without the control interface
  --only TEXT     only the cases with that in their name; can be given again
  --fail-fast     begins no further case when something is broken
  --json          the report as JSON on stdout, the progress on stderr`;

interface Arguments {
  readonly url: string;
  readonly file: string;
  readonly options: ConformOptions;
  readonly isJson: boolean;
}
type Wanted =
  | { readonly state: 'help' }
  | { readonly state: 'wrong'; readonly problem: string }
  | { readonly state: 'judge'; readonly arguments: Arguments };

/**
 * Resolves with the exit status: 0 where all that was judged is kept, 1 where not, where the control interface failed or nothing
 * was judged, 2 for wrong arguments and a wrong profile.
 */
export async function conformanceCommand(args: readonly string[]): Promise<number> {
  const wanted = read(args);
  switch (wanted.state) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'wrong':
      console.error(`${wanted.problem}\n\n${USAGE}`);
      return 2;
    case 'judge':
      return await judge(wanted.arguments);
  }
}

async function judge({ url, file, options, isJson }: Arguments): Promise<number> {
  let profile: Profile;
  try {
    profile = profileIn(file);
    select(options.level ?? profile.level, options.only);
  } catch (error) {
    console.error(messageOf(error));
    return 2;
  }
  const tell = isJson ? console.error : console.log;
  try {
    const report = await conform(url, profile, {
      ...options,
      onJudgement: (judgement) => tell(lineOf(judgement)),
    });
    tell(summaryOf(report));
    if (isJson) console.log(JSON.stringify(report, null, 2));
    return report.passed ? 0 : 1;
  } catch (error) {
    console.error(messageOf(error));
    return 1;
  }
}

function read(args: readonly string[]): Wanted {
  const wrong = (problem: string): Wanted => ({ state: 'wrong', problem });
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        profile: { type: 'string' },
        level: { type: 'string' },
        only: { type: 'string', multiple: true },
        'fail-fast': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'black-box': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { state: 'help' };
    const [url, ...more] = positionals;
    if (url === undefined || more.length > 0)
      return wrong('Name one address, such as ws://127.0.0.1:8765/ws.');
    if (!/^wss?:/.test(url) || !URL.canParse(url)) return wrong(`${url} is no ws: or wss: address.`);
    const { level, profile: file } = values;
    if (file === undefined) return wrong('Name the profile: --profile FILE.');
    if (level !== undefined && level !== 'smallest' && level !== 'full') {
      return wrong(`There is no level ${level}.`);
    }
    const options: ConformOptions = {
      isBlackBox: values['black-box'],
      isFailFast: values['fail-fast'],
      ...(level && { level }),
      ...(values.only && { only: values.only }),
    };
    return { state: 'judge', arguments: { url, file, options, isJson: values.json } };
  } catch (error) {
    return wrong(messageOf(error));
  }
}

/** @throws Error that names the file, and what is wrong with it. */
function profileIn(file: string): Profile {
  const told = (error: unknown, what: string) => new Error(`${file}${what}: ${messageOf(error)}`);
  let text: string;
  let value: unknown;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw told(error, ' cannot be read');
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw told(error, ' is no JSON');
  }
  try {
    return readProfile(value);
  } catch (error) {
    throw told(error, '');
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
