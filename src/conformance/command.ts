/** `trunkline conformance`: the arguments, the progress, and the exit status. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ConformOptions, conform } from './conform.ts';
import { readProfile } from './profile.ts';
import { lineOf, summaryOf } from './report.ts';

export const USAGE = `trunkline conformance ws://host:port/path --profile FILE [--level smallest|full] [--black-box] [--only TEXT] [--fail-fast] [--json]
  Judges whether a server keeps the protocol trunkline.v1.
  --profile FILE  what the server is for, and how it is controlled (docs/conformance.md)
  --level LEVEL   how far to judge; else what the profile says, or full
  --black-box     by sockets alone, without the control interface
  --only TEXT     only the cases with that in their id; can be given again
  --fail-fast     begins no further case when something is broken
  --json          the report as JSON on stdout, the progress on stderr`;

/** Resolves with the exit status: 0 where all that was judged is kept, 1 where not, where the control interface failed or nothing was judged, 2 for wrong arguments. */
export async function conformanceCommand(args: readonly string[]): Promise<number> {
  const wanted = read(args);
  if (typeof wanted === 'string') {
    console.error(`${wanted}\n\n${USAGE}`);
    return 2;
  }
  const { url, profile, options, isJson } = wanted;
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
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

function read(args: readonly string[]) {
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
      },
    });
    const [url, ...more] = positionals;
    if (url === undefined || more.length > 0) return 'Name one address, such as ws://127.0.0.1:8765/ws.';
    if (!/^wss?:/.test(url) || !URL.canParse(url)) return `${url} is no ws: or wss: address.`;
    if (values.profile === undefined) return 'Name the profile: --profile FILE.';
    const { level } = values;
    if (level !== undefined && level !== 'smallest' && level !== 'full') return `There is no level ${level}.`;
    const profile = readProfile(JSON.parse(readFileSync(values.profile, 'utf8')));
    const options: ConformOptions = {
      isBlackBox: values['black-box'],
      isFailFast: values['fail-fast'],
      ...(level && { level }),
      ...(values.only && { only: values.only }),
    };
    return { url, profile, options, isJson: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
