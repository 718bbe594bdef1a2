import { resolve } from 'node:path';
import { command, type Given, WrongArguments } from '../../scripts/command-line.ts';

export interface Arguments {
  readonly port: number;
  readonly dataFolder: string;
  /** Where the log is; `null`: in a file of the data folder. */
  readonly log: string | null;
  /** What the audit works on. */
  readonly target: string;
  /** What runs behind the console. */
  readonly engine: 'pipelines' | 'langgraph';
  /** Files of the operator's own, beside the two that come with it. */
  readonly pipelines: readonly string[];
  readonly trace: { readonly path: string; readonly speed: number; readonly gates: readonly string[] } | null;
}

const DEFAULT_PORT = 4780;
const DEFAULT_SPEED = 10;

export const START = command({
  name: 'npm start',
  about: 'The operator console, over pipelines of real processes or graphs of LangGraph.',
  options: {
    port: {
      type: 'number',
      takes: 'N',
      default: DEFAULT_PORT,
      about: 'where to listen on this machine; any free one where it is taken',
    },
    data: { type: 'text', takes: 'FOLDER', default: '.tmp', about: "for the log and the runs' folders" },
    log: {
      type: 'text',
      takes: 'LOG',
      about: `instead of a file in that folder: memory, sqlite:PATH, postgres://USER@HOST:PORT,HOST:PORT/DATABASE or
nats://USER@HOST:PORT,HOST:PORT; its password in a file that TRUNKLINE_LOG_PASSWORD_FILE names, or in
the variable TRUNKLINE_LOG_PASSWORD`,
    },
    target: {
      type: 'text',
      takes: 'FOLDER',
      default: '.',
      about: 'the checkout that "Audit a checkout" works on',
    },
    engine: {
      type: 'text',
      takes: 'NAME',
      default: 'pipelines',
      about: 'pipelines: of processes, by the engine of this demo; langgraph: a graph, by LangGraph.js',
    },
    pipeline: { type: 'texts', takes: 'FILE', about: 'offers this one, too (docs/pipelines.md)' },
    trace: {
      type: 'text',
      takes: 'FILE',
      about: "replays a workflow execution in WfCommons' WfFormat 1.5 or 1.6",
    },
    speed: { type: 'number', takes: 'N', about: `at so many times its real speed (${DEFAULT_SPEED})` },
    gate: {
      type: 'texts',
      takes: 'TASK',
      about: 'asks a person before this task of it, by its id, or before all of a name',
    },
  },
});

/** @throws WrongArguments */
export function argumentsOf({ values }: Given<(typeof START)['options']>, from: string): Arguments {
  const { port, trace, gate: gates, speed, engine, pipeline } = values;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new WrongArguments(`--port ${port} is no port`);
  if (speed !== null && speed <= 0) throw new WrongArguments('--speed must be above 0');
  if (trace === null && (speed !== null || gates.length > 0))
    throw new WrongArguments('--speed and --gate belong to --trace FILE');
  if (engine !== 'pipelines' && engine !== 'langgraph')
    throw new WrongArguments(`--engine ${engine}: there are pipelines and langgraph`);
  if (engine === 'langgraph' && (trace !== null || pipeline.length > 0))
    throw new WrongArguments('--pipeline and --trace belong to --engine pipelines');
  return {
    port,
    dataFolder: resolve(from, values.data),
    log: values.log,
    target: resolve(from, values.target),
    engine,
    pipelines: pipeline.map((path) => resolve(from, path)),
    trace: trace === null ? null : { path: resolve(from, trace), speed: speed ?? DEFAULT_SPEED, gates },
  };
}
