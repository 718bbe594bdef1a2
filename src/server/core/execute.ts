/**
 * Runs one command to its end; never rejects. A handler that fails is tried again here, not by the client, so that the
 * commands behind it stay behind it. A log that fails is the client's to try again: only the log can tell later whether
 * the command was accepted after all.
 */
import { explain, validate } from '../../protocol/interpret.ts';
import { whereJsonDiffers } from '../../protocol/json.ts';
import { oddNumber } from '../../protocol/odd-number.ts';
import type { CommandKey, CommandRecord, EventLog, Expectation, JsonText } from '../log/event-log.ts';
import { Reject } from '../reject.ts';
import { AfterTransaction, type Ending } from './after-transaction.ts';
import type { AnyHandler, Application } from './application.ts';
import type { Batches } from './batches.ts';
import { byteLength } from './bytes.ts';
import { type Answer, asItEnded, overloaded, refused, unavailable } from './command-answer.ts';
import type { CommandFrame, Requester, Turn } from './command-lanes.ts';
import { deferred } from './deferred.ts';
import { hasForgotten } from './forgotten-ids.ts';
import { handlerCall } from './handler-context.ts';
import { inTime } from './in-time.ts';
import type { Limits } from './limits.ts';
import type { Clock } from './peer.ts';
import type { ServerTime } from './server-time.ts';
import type { ServerStats } from './stats.ts';
import type { Append, Appended, Publication, Writer } from './writer.ts';

export interface ExecuteServices {
  readonly application: Application;
  readonly log: EventLog;
  readonly writer: Writer;
  /** Records that a handler is about to be called, and answers how the command stands. */
  readonly begins: Batches<CommandKey, CommandRecord>;
  readonly clock: Clock;
  readonly time: ServerTime;
  readonly limits: Limits;
  readonly stats: ServerStats;
  acceptsVersion(appVersion: number): boolean;
  /** What would else be reported of each command: each message, or what else is given, once. */
  reportOnce(message: string, about: string, what?: string): void;
  report(error: unknown, about: string): void;
}

export const ATTEMPTS_LIMIT = 5;
/** So often a handler is called where what it expects is not so each time. */
export const OVERTAKEN_LIMIT = 10;
/** Doubled after each further failure. */
export const FIRST_BACKOFF_MS = 100;

type Judged = Extract<ReturnType<Application['interpretCommand']>, { ok: true }>;
interface Job {
  readonly frame: CommandFrame;
  readonly requester: Requester;
  readonly judged: Judged;
  readonly handler: AnyHandler;
  readonly neverBegun: boolean;
  readonly isBegun: boolean;
  readonly ran: () => void;
}
interface Done {
  readonly publications: readonly Publication[];
  readonly expects: readonly Expectation[];
  readonly result: JsonText | null;
}

/**
 * Records that the command begins, while the one before it is being committed: one write to the disk is enough for both. Only
 * of one that was not known before; false where it is left to `execute`. Never rejects.
 */
export async function beginAhead(
  services: ExecuteServices,
  frame: CommandFrame,
  requester: Requester,
): Promise<boolean> {
  // What would be refused is not recorded, as far as that can be told without the application.
  if (frame.attempt > 1 || hasExpired(services, frame) || !services.acceptsVersion(frame.app_version))
    return false;
  if (!services.application.handlerOf(frame.command.type)) return false;
  try {
    const key = keyOf(frame, requester);
    if ((await services.log.recall(key)) !== null) return false;
    return (await services.begins.add(key)).status === 'begun';
  } catch {
    // `execute` asks the log again, and reports that it fails.
    return false;
  }
}

/** @param isBegun that is recorded, and that it never was before: by `beginAhead` */
export async function execute(
  services: ExecuteServices,
  frame: CommandFrame,
  requester: Requester,
  { mayRun, isBegun, ran }: Turn,
): Promise<Answer> {
  let neverBegun = false;
  try {
    const record = isBegun ? null : await services.log.recall(keyOf(frame, requester));
    if (record && record.status !== 'begun') return asItEnded(record);
    if (record === null && frame.attempt > 1 && (await hasForgotten(services.log, requester))) {
      return { status: 'abandoned' };
    }
    neverBegun = record === null;
    if (hasExpired(services, frame)) return expired(neverBegun);
    if (!services.acceptsVersion(frame.app_version)) {
      const message = `it was written for version ${frame.app_version}, which is not served any more`;
      return refused('unsupported_version', message, neverBegun);
    }
    if (frame.topic !== undefined && !(await mayWrite(services, requester, frame.topic))) {
      const message = `you may not send commands to topic ${JSON.stringify(frame.topic)}`;
      return refused('forbidden', message, neverBegun);
    }
    const { type } = frame.command;
    const judged = services.application.interpretCommand(frame.command);
    if (!judged.ok) {
      const code = judged.code === 'unknown_type' ? 'unknown_command' : 'invalid_command';
      return refused(code, judged.message, neverBegun);
    }
    const handler = services.application.handlerOf(type);
    if (!handler) {
      const message = `the server has no handler for ${JSON.stringify(type)}`;
      return refused('unknown_command', message, neverBegun);
    }
    const odd = oddNumber(`command ${type}`, frame.command);
    if (odd && !Number.isFinite(odd.value)) return refused('invalid_command', odd.message, neverBegun);
    if (odd) services.reportOnce(odd.message, nameOf(frame));
    const job = { frame, requester, judged, handler, neverBegun, isBegun, ran };
    neverBegun = false;
    return await untilAnswered(services, job, mayRun);
  } catch (error) {
    services.report(error, nameOf(frame));
    const message = 'the server could not look into its log or its permissions; send it again';
    return unavailable(message, neverBegun);
  }
}

async function untilAnswered(services: ExecuteServices, job: Job, mayRun: () => boolean): Promise<Answer> {
  const { clock, stats, begins, limits, report } = services;
  const { frame, requester, neverBegun } = job;
  let failures = 0;
  let overtaken = 0;
  /** What is left of the time that an attempt of the handler may take, however often it is overtaken. */
  let leftMs = limits.commandMs;
  for (let calls = 1; mayRun(); calls += 1) {
    if (hasExpired(services, frame)) return expired(neverBegun && calls === 1);
    if (calls === 1 && !job.isBegun) {
      const record = await begins.add(keyOf(frame, requester));
      if (record.status !== 'begun') return asItEnded(record);
      if (!mayRun()) break;
    }
    const afterTransaction = new AfterTransaction();
    const settle = (ending: Ending) =>
      afterTransaction.settle(ending, (error) =>
        report(error, `${nameOf(frame)}, calling back after its transaction was ${ending}`),
      );
    const calledAt = clock.elapsed;
    let done: Done;
    try {
      done = await run(services, job, frame.attempt + calls - 1, leftMs, afterTransaction);
    } catch (error) {
      settle('rolled back');
      if (error instanceof Reject) {
        const { code, message, retry, retryAfterMs } = error;
        return { status: 'refused', code, message, retry, retryAfterMs, neverBegun: false };
      }
      failures += 1;
      stats.commands.failedAttempts += 1;
      report(error, `${nameOf(frame)}, attempt ${failures} of ${ATTEMPTS_LIMIT}`);
      if (failures === ATTEMPTS_LIMIT) {
        return refused('internal', 'the server failed to run this command', false);
      }
      const backoff = deferred<void>();
      clock.setTimer(FIRST_BACKOFF_MS * 2 ** (failures - 1), () => backoff.resolve());
      await backoff.promise;
      leftMs = limits.commandMs;
      continue;
    }
    leftMs = Math.max(0, leftMs - (clock.elapsed - calledAt));
    const { clientId } = requester.client;
    const { result, ...asked } = done;
    const command = { ...keyOf(frame, requester), clientId, result };
    const mayCommit = () => requester.mayCommit;
    job.ran();
    const committed = await commit(services, { ...asked, command, mayCommit }, settle);
    switch (committed.status) {
      case 'committed':
        return { status: 'accepted', duplicate: false, result };
      case 'duplicate':
        return { status: 'accepted', duplicate: true, result: committed.result };
      case 'cancelled':
        return asItEnded(committed);
      case 'unexpected': {
        overtaken += 1;
        // Who was first is known here by now, so that the next call of the handler finds it.
        if (overtaken < OVERTAKEN_LIMIT) continue;
        const type = JSON.stringify(frame.command.type);
        const often = `${overtaken} times, what a handler of ${type} expected was not so in the log`;
        services.reportOnce(often, nameOf(frame));
        return overloaded(`others were first, ${overtaken} times`);
      }
      case 'too_large': {
        const { bytes, maxBytes } = committed;
        const message = `what it publishes and answers is ${bytes} bytes, and the server's log takes ${maxBytes}`;
        // Whatever the size of each.
        services.reportOnce(message, nameOf(frame), `too_large of ${JSON.stringify(frame.command.type)}`);
        if (!services.application.isRunByOthers) return refused('too_large', message, false);
        // Nothing changes by itself soon: the client's own backoff counts.
        return { ...unavailable(message), retryAfterMs: null };
      }
      case 'withheld':
      case 'superseded':
        return { status: 'abandoned' };
      case 'repeated':
      case 'key_reused':
      case 'too_many_names':
        throw new Error(`the log answered ${committed.status} to a command, which is no publication`);
    }
  }
  return { status: 'abandoned' };
}

async function commit(
  { writer, log }: ExecuteServices,
  append: Append & { readonly command: CommandKey },
  settle: (ending: Ending) => void,
): Promise<Appended> {
  let committed: Appended;
  try {
    committed = await writer.append(append);
  } catch (error) {
    // It may be in the log all the same; where the log cannot tell either, nobody is called.
    const record = await log.recall(append.command);
    settle(record?.status === 'accepted' ? 'committed' : 'rolled back');
    throw error;
  }
  settle(committed.status === 'committed' ? 'committed' : 'rolled back');
  return committed;
}

/** One call of the handler, for so long at most. */
async function run(
  services: ExecuteServices,
  { frame, requester, judged, handler }: Job,
  attempt: number,
  ms: number,
  afterTransaction: AfterTransaction,
): Promise<Done> {
  const textOf = (value: unknown) => resultText(judged, value, services.limits.maxEventBytes);
  const { context, publications, expects, end } = handlerCall(
    services,
    { frame, requester, attempt },
    textOf,
    afterTransaction,
  );
  try {
    const value = await inTime(
      services,
      'commandMs',
      async () => await handler(judged.command, context),
      'the handler',
      ms,
    );
    return { publications, expects, result: textOf(value) };
  } finally {
    end();
  }
}

/** The result as it travels; `null` where there is none. */
function resultText({ command, definition }: Judged, value: unknown, maxBytes: number): JsonText | null {
  if (definition.result) {
    const judged = validate(definition.result, value);
    if (judged.issues) {
      throw new TypeError(
        `the handler of ${command.type} returned a wrong result: ${explain(judged.issues)}`,
      );
    }
    const differs = value === undefined ? null : whereJsonDiffers(value, 'result');
    if (differs !== null) throw new TypeError(`the handler of ${command.type}: JSON would change ${differs}`);
  }
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) return null;
  const bytes = byteLength(text);
  if (bytes > maxBytes) {
    throw new TypeError(
      `the handler of ${command.type} returned ${bytes} bytes, more than limits.maxEventBytes (${maxBytes})`,
    );
  }
  return text;
}

async function mayWrite(services: ExecuteServices, requester: Requester, topic: string): Promise<boolean> {
  return await inTime(services, 'commandMs', async () => await requester.mayWrite(topic), 'authorize');
}

/** A command means nothing any more after its end. */
function hasExpired({ time }: ExecuteServices, { expires_at }: CommandFrame): boolean {
  return expires_at !== undefined && time.now() > expires_at;
}

function expired(neverBegun: boolean): Answer {
  const message = neverBegun
    ? 'it arrived after its end, and was not begun'
    : 'it was begun before its end, was not accepted, and is not begun again';
  return refused('expired', message, neverBegun);
}

function keyOf({ id }: CommandFrame, { client }: Requester): CommandKey {
  return { principal: client.principal, id };
}

function nameOf({ id, command }: CommandFrame): string {
  return `command ${JSON.stringify(command.type)} (${id})`;
}
