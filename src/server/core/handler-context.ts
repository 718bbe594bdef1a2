/** What a handler is given beside its command, for one call of it, and what it has asked for meanwhile. */
import type { Typed } from '../../protocol/interpret.ts';
import type { EventLog, Expectation, JsonText } from '../log/event-log.ts';
import type { AfterTransaction } from './after-transaction.ts';
import type { AnyContext, Application } from './application.ts';
import type { CommandFrame, Requester } from './command-lanes.ts';
import type { Limits } from './limits.ts';
import { checkKey, checkTopic } from './names.ts';
import { publicationOf } from './publication.ts';
import type { Publication } from './writer.ts';

export interface ContextServices {
  readonly application: Application;
  readonly log: EventLog;
  readonly limits: Limits;
}

export interface HandlerCall {
  readonly context: AnyContext;
  /** Kept until it has returned. */
  readonly publications: readonly Publication[];
  readonly expects: readonly Expectation[];
  /** It has returned, or nobody waits for it any more: from here on it can ask for nothing. */
  end(): void;
}

export function handlerCall(
  { application, log, limits }: ContextServices,
  { frame, requester, attempt }: { frame: CommandFrame; requester: Requester; attempt: number },
  judgeResult: (value: unknown) => void,
  afterTransaction: AfterTransaction,
): HandlerCall {
  const { id, topic, created_at: createdAt, traceparent, command } = frame;
  const { principal, clientId } = requester.client;
  const publications: Publication[] = [];
  const expects: Expectation[] = [];
  /** In which each topic was when the handler has looked into it last. */
  const epochs = new Map<string, string>();
  let over = false;
  const duringTheHandler = (what: string, instead: string) => {
    if (!over) return;
    throw new Error(
      `command ${JSON.stringify(command.type)} (${id}) is over: context.${what} belongs to the handler's own time; ${instead}`,
    );
  };
  const context: AnyContext = {
    id,
    attempt,
    principal,
    clientId,
    topic: topic ?? null,
    createdAt,
    traceparent: traceparent ?? null,
    publish(to, event, traits = {}) {
      duringTheHandler('publish', 'use server.publish afterwards');
      publications.push(publicationOf(application, { topic: to, event, ...traits }, limits.maxEventBytes));
    },
    async latest(of, key) {
      checkTopic('latest', of);
      checkKey('latest', key);
      // Ahead of the event: where the topic ends in between, what is expected of it is not met.
      const { epoch } = await log.read(of, { after: 0 }, { first: 0 });
      const newest = await log.latest(of, key);
      epochs.set(of, epoch);
      return newest && { offset: newest.offset, event: eventOf(application, newest.event) };
    },
    expect(of, key, offset, epoch = epochs.get(of)) {
      duringTheHandler('expect', 'call it before the handler returns');
      checkTopic('expect', of);
      checkKey('expect', key);
      if (!Number.isSafeInteger(offset) || offset < 0)
        throw new TypeError(`expect: an offset is a whole number from 0, not ${offset}`);
      expects.push({ topic: of, key, offset, ...(epoch !== undefined && offset > 0 && { epoch }) });
    },
    judgeResult,
    afterCommit(callback) {
      duringTheHandler('afterCommit', 'call it before the handler returns');
      afterTransaction.on('committed', callback);
    },
    afterRollback(callback) {
      duringTheHandler('afterRollback', 'call it before the handler returns');
      afterTransaction.on('rolled back', callback);
    },
  };
  return {
    context,
    publications,
    expects,
    end: () => {
      over = true;
    },
  };
}

/** @throws TypeError where today's schema refuses it. */
function eventOf(application: Application, text: JsonText): Typed {
  const interpreted = application.interpretEvent(JSON.parse(text), {});
  if (!interpreted.ok) throw new TypeError(`latest: ${interpreted.message}`);
  return interpreted.event;
}
