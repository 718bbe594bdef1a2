import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Arguments {
  readonly port: number;
  readonly dataFolder: string;
  /** Where the log is; `null`: in a file of the data folder. */
  readonly log: string | null;
  /** What the audit works on. */
  readonly target: string;
  /** Files of the operator's own, beside the two that come with it. */
  readonly pipelines: readonly string[];
  readonly trace: { readonly path: string; readonly speed: number; readonly gates: readonly string[] } | null;
}

export const USAGE = `npm start -- [options]
  --port N        where to listen on this machine (4780; any free one where it is taken)
  --data FOLDER   for the log and the runs' folders (.tmp)
  --log LOG       instead of a file in that folder: memory, sqlite:PATH, postgres://USER@HOST:PORT,HOST:PORT/DATABASE or
                  nats://USER@HOST:PORT,HOST:PORT; its password in a file that TRUNKLINE_LOG_PASSWORD_FILE names, or in
                  the variable TRUNKLINE_LOG_PASSWORD
  --target FOLDER the checkout that "Audit a checkout" works on (the current folder)
  --pipeline FILE offer this one, too; may be given several times
  --trace FILE    replay a workflow execution in WfCommons' WfFormat 1.5 or 1.6
  --speed N       at so many times its real speed (10)
  --gate TASK     ask a person before this task, by its id, or before all of a name; may be given several times`;

const DEFAULT_PORT = 4780;
const DEFAULT_SPEED = 10;

/** @throws Error that says what is wrong, for people. */
export function readArguments(args: readonly string[], from: string): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      data: { type: 'string', default: '.tmp' },
      log: { type: 'string' },
      target: { type: 'string', default: '.' },
      pipeline: { type: 'string', multiple: true, default: [] },
      trace: { type: 'string' },
      speed: { type: 'string' },
      gate: { type: 'string', multiple: true },
    },
  });
  const port = numberOf('--port', values.port, DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${port} is no port`);
  const speed = numberOf('--speed', values.speed, DEFAULT_SPEED);
  if (speed <= 0) throw new Error('--speed must be above 0');
  if (values.trace === undefined && (values.speed !== undefined || values.gate !== undefined)) {
    throw new Error('--speed and --gate belong to --trace FILE');
  }
  return {
    port,
    dataFolder: resolve(from, values.data),
    log: values.log ?? null,
    target: resolve(from, values.target),
    pipelines: values.pipeline.map((path) => resolve(from, path)),
    trace:
      values.trace === undefined
        ? null
        : { path: resolve(from, values.trace), speed, gates: values.gate ?? [] },
  };
}

function numberOf(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new Error(`${name} takes a number, not "${value}"`);
  return number;
}
