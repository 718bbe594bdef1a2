#!/usr/bin/env node
/** The command `trunkline`: its first argument names what to do. */
import { conformanceCommand, USAGE } from '../conformance/command.ts';
import { INIT_USAGE, initCommand } from './init.ts';
import { LOG_USAGE, logCommand } from './log.ts';
import { SERVE_USAGE, serveCommand } from './serve.ts';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  conformance: conformanceCommand,
  init: initCommand,
  log: logCommand,
  serve: serveCommand,
};

const USAGES = [INIT_USAGE, SERVE_USAGE, USAGE, LOG_USAGE].join('\n\n');

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command) process.exitCode = await command(args);
else if (name === '--help' || name === '-h') console.log(USAGES);
else {
  const problem = name === '' ? 'Say what to do.' : `There is no command ${JSON.stringify(name)}.`;
  console.error(`${problem} There are:\n\n${USAGES}`);
  process.exitCode = 2;
}
