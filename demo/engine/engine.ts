import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { EventInput } from 'trunkline/protocol';
import { type CommandContext, type EventLog, type Handlers, Reject } from 'trunkline/server';
import { type Asked, AuditTrail, startEntry } from './audit-trail.ts';
import { AuditTrails } from './audit-trails.ts';
import { type ConsoleEvent, type PipelineEvent, parseEvent, type RunStateEvent } from './events.ts';
import { markOf } from './execute.ts';
import { goesOn, inBothTopics, resolved } from './gate-events.ts';
import { type History, readHistory } from './history.ts';
import type { LastAlive } from './last-alive.ts';
import { asks, type Opening, openingEvents, type Plan } from './opening.ts';
import { endMarkedGroups } from './process-group.ts';
import { type ConsoleProtocol, RUNS_TOPIC, runTopic } from './protocol.ts';
import type { AnyRun, RunKind, RunServices } from './run-kind.ts';
import { saySpan } from './too-late.ts';

export interface EngineOptions<S extends { readonly pipeline: Plan }> {
  readonly log: EventLog;
  /** What `start_run` can start, and how it is run. */
  readonly kind: RunKind<S>;
  /** Each run has a folder of its own in it. */
  readonly folder: string;
  /** Other servers may run pipelines on the same log: a run whose folder is not here is theirs. */
  readonly sharesLog: boolean;
  /** Of the servers of this log, one after the other. */
  readonly lastAlive: LastAlive;
  /** What has nowhere else to go. */
  report(error: unknown, about: string): void;
}
/** As much of the server as the engine needs. */
export interface Publisher {
  ready(): Promise<void>;
  publish(topic: string, event: EventInput<ConsoleProtocol>): Promise<unknown>;
}

/**
 * Keeps the runs of a kind. All that it must know after a restart is in the log, and what the kind needs beside it in the
 * run's folder: `open` reads it, and goes on.
 */
export class Engine<S extends { readonly pipeline: Plan }> {
  readonly commands: Handlers<ConsoleProtocol> = {
    start_run: (command, context) => this.#startCommanded(command.pipeline, context),
    human_decision: async (command, context) => {
      const { runId, gateId, verdict, comment } = command;
      const gate = (await context.latest(runTopic(runId), `gate:${gateId}`))?.event;
      const nodeId = gate && 'nodeId' in gate ? gate.nodeId : null;
      const asked = { action: verdict, nodeId, comment };
      await this.#do(context, runId, asked, (run) => run.decide(command, context));
      return { verdict };
    },
    cancel_run: ({ runId }, context) =>
      this.#do(context, runId, { action: 'cancel', nodeId: null }, (run) => run.cancel(context)),
    retry_node: ({ runId, nodeId }, context) =>
      this.#do(context, runId, { action: 'retry', nodeId }, (run) => run.retry(nodeId, context)),
    retry_failed: ({ runId }, context) =>
      this.#do(context, runId, { action: 'retry_failed', nodeId: null }, (run) => run.retryFailed(context)),
    rerun_from: ({ runId, nodeId }, context) =>
      this.#do(context, runId, { action: 'rerun_from', nodeId }, (run) => run.rerunFrom(nodeId, context)),
  };
  readonly #options: EngineOptions<S>;
  readonly #sources: ReadonlyMap<string, S>;
  /** Those under way, and those that somebody asked for since. */
  readonly #runs = new Map<string, Promise<AnyRun>>();
  readonly #trails = new AuditTrails(async (runId) => {
    const history = await this.#readHistory(runId);
    return history.runState && this.#isOwn(runId) ? history : null;
  });
  #publisher: Publisher | null = null;
  /** What goes to the log together: thousands of small tasks may end in a second, and each commit waits for the disk. */
  #unpublished: [topic: string, event: EventInput<ConsoleProtocol>][] = [];
  #publishing: ReturnType<typeof setImmediate> | undefined;
  /** While it opens: when the server before it was there last. */
  #wasAlive: number | null = null;
  #isStopped = false;

  constructor(options: EngineOptions<S>) {
    this.#options = options;
    this.#sources = new Map(options.kind.sources.map((source) => [source.pipeline.name, source]));
  }

  /** Goes on with what a server before this one left; commands may come when it has resolved. */
  async open(publisher: Publisher): Promise<void> {
    await publisher.ready();
    this.#publisher = publisher;
    this.#wasAlive = this.#options.lastAlive.read();
    const { events } = await this.#options.log.state(RUNS_TOPIC);
    const known = events.map(({ event }) => parseEvent(event));
    this.#tellPipelines(known.filter((event) => event?.type === 'pipeline'));
    const underWay = known
      .filter((event) => event?.type === 'run_state')
      .filter(isUnderWay)
      .filter(({ runId }) => this.#isOwn(runId));
    for (const { runId } of underWay) await endMarkedGroups(markOf(runId));
    for (const { runId } of underWay) {
      try {
        await this.#load(runId);
      } catch (error) {
        this.#options.report(error, `going on with run ${runId}`);
        await this.#giveUp(runId);
      }
    }
    this.#wasAlive = null;
    this.#options.lastAlive.begin();
  }

  /** Starts a run of its own accord; answers its id. @throws Error where there is no such pipeline. */
  async start(pipeline: string): Promise<string> {
    const source = this.#sources.get(pipeline);
    if (!source) throw new Error(`there is no pipeline "${pipeline}"`);
    const opening = this.#openingOf(source, shortId(randomUUID()), null);
    await this.#options.kind.save(this.#folderOf(opening.runId), source);
    for (const [topic, event] of openingEvents(opening)) this.#publish(topic, event);
    this.#begin(source, opening);
    return opening.runId;
  }

  /** Ends all that runs and publishes nothing more; the log tells the next server what was under way. */
  async stop(): Promise<void> {
    this.#flush();
    this.#isStopped = true;
    this.#options.lastAlive.end();
    const runs = await Promise.allSettled(this.#runs.values());
    await Promise.all(runs.map((run) => (run.status === 'fulfilled' ? run.value.stop() : null)));
    this.#options.kind.close();
  }

  async #startCommanded(name: string, context: CommandContext<ConsoleProtocol>): Promise<{ runId: string }> {
    const source = this.#sources.get(name);
    if (!source) throw new Reject('unknown_pipeline', `There is no pipeline "${name}".`);
    // The same at each try of the same command.
    const runId = shortId(keyOf(context));
    await this.#options.kind.save(this.#folderOf(runId), source);
    const opening = this.#openingOf(source, runId, context.principal);
    for (const [topic, event] of openingEvents(opening)) context.publish(topic, event);
    context.afterCommit(() => this.#begin(source, opening));
    return { runId };
  }

  #begin(source: S, opening: Opening): void {
    if (this.#isStopped) return;
    const { runId, startedBy, startedAt } = opening;
    const trail = new AuditTrail([startEntry(startedBy, startedAt)]);
    this.#trails.begin(runId, trail);
    const run = this.#options.kind.make(source, opening, this.#servicesFor(runId, trail), null);
    this.#runs.set(run.id, Promise.resolve(run));
    run.begin(null);
  }

  /** What a person asks of a run. Its audit trail has it, whatever comes of it. @throws Reject */
  async #do(
    context: CommandContext<ConsoleProtocol>,
    runId: string,
    asked: Asked,
    act: (run: AnyRun) => void,
  ): Promise<void> {
    const trail = await this.#trails.of(runId);
    try {
      act(await this.#find(runId));
    } catch (error) {
      if (error instanceof Reject && !error.retry) await this.#tellRefused(context, runId, asked, error);
      throw error;
    }
    if (trail) context.publish(runTopic(runId), trail.accepted(context, asked));
  }

  /** Before the person hears it: a refusal that nobody was told of comes again, and is told once. */
  async #tellRefused(
    command: CommandContext<ConsoleProtocol>,
    runId: string,
    asked: Asked,
    { message }: Reject,
  ): Promise<void> {
    const entry = (await this.#trails.of(runId))?.refused(command, asked, message);
    if (!entry || this.#isStopped) return;
    try {
      await this.#publisher?.publish(runTopic(runId), entry);
    } catch (error) {
      this.#options.report(error, `telling in the audit trail of run ${runId} what was refused`);
    }
  }

  async #find(runId: string): Promise<AnyRun> {
    const run = await this.#load(runId).catch((error) => {
      throw new Reject('unknown_run', `Run "${runId}" is out of reach: ${error.message}`);
    });
    // What the command publishes comes after what the run has told before it.
    this.#flush();
    return run;
  }

  async #load(runId: string): Promise<AnyRun> {
    const loading = this.#runs.get(runId) ?? this.#restore(runId);
    this.#runs.set(runId, loading);
    try {
      return await loading;
    } catch (error) {
      this.#runs.delete(runId);
      throw error;
    }
  }

  async #restore(runId: string): Promise<AnyRun> {
    await this.#letGatesGoOn(runId);
    const history = await this.#readHistory(runId);
    const { runState } = history;
    if (!runState) throw new Error('there is no such run');
    if (!this.#isOwn(runId))
      throw new Error('it belongs to another server of this log, which alone goes on with it');
    const { kind } = this.#options;
    const source = await kind.load(this.#folderOf(runId), runState.pipeline);
    const opening = { ...this.#openingOf(source, runId, runState.startedBy), startedAt: runState.startedAt };
    const trail = await this.#trails.of(runId);
    const services = this.#servicesFor(runId, trail);
    const run = kind.make(source, opening, services, history);
    for (const gate of history.gatesById.values()) this.#tellWhatFollows(runId, trail, gate);
    if (isUnderWay(runState)) this.#tellRestart(runId, trail);
    run.begin(history);
    return run;
  }

  /** Nobody could decide them while no server was there: that takes no time from anybody. */
  async #letGatesGoOn(runId: string): Promise<void> {
    const wasAlive = this.#wasAlive;
    if (wasAlive === null) return;
    const { gatesById } = await this.#readHistory(runId);
    for (const gate of gatesById.values()) {
      const later = gate.type === 'human_gate_waiting' ? goesOn(gate, wasAlive, Date.now()) : null;
      if (!later) continue;
      for (const [topic, event] of inBothTopics(later)) await this.#publisher?.publish(topic, event);
    }
  }

  #tellRestart(runId: string, trail: AuditTrail | null): void {
    const now = Date.now();
    const message = this.#wasAlive === null ? '' : `no server was there for ${saySpan(now - this.#wasAlive)}`;
    const entry = trail?.didByItself({ action: 'restart', nodeId: null, message, cause: `restart ${now}` });
    if (entry) this.#publish(runTopic(runId), entry);
  }

  #tellWhatFollows(runId: string, trail: AuditTrail | null, event: ConsoleEvent): void {
    const entry = trail?.followsFrom(event);
    if (entry) this.#publish(runTopic(runId), entry);
  }

  /** Whether to go on with it is this engine's to decide. */
  #isOwn(runId: string): boolean {
    return !this.#options.sharesLog || existsSync(this.#folderOf(runId));
  }

  /** Nobody can go on with it any more. */
  async #giveUp(runId: string): Promise<void> {
    const { runState, nodes, gates } = await this.#readHistory(runId);
    if (!runState) return;
    const message = 'the server was restarted, and what the run is made of is gone';
    const at = Date.now();
    const trail = await this.#trails.of(runId);
    const { publish } = this.#servicesFor(runId, trail);
    for (const node of nodes.values()) {
      if (node.state !== 'running' && node.state !== 'waiting') continue;
      publish(runTopic(runId), { ...node, state: 'interrupted', finishedAt: at, message });
    }
    for (const { event } of gates.values()) {
      if (event.type === 'human_gate_resolved') continue;
      const withdrawn = resolved(event, { verdict: 'reject', how: 'cancelled' });
      for (const [topic, told] of inBothTopics(withdrawn)) publish(topic, told);
    }
    const state = { ...runState, state: 'interrupted' as const, finishedAt: at, gatesWaiting: 0, message };
    const entry = trail?.didByItself({ action: 'give_up', nodeId: null, message, cause: 'give up' });
    if (entry) publish(runTopic(runId), entry);
    publish(runTopic(runId), { type: 'error', runId, nodeId: null, message, at });
    for (const [topic, told] of inBothTopics(state)) publish(topic, told);
  }

  async #readHistory(runId: string): Promise<History> {
    const { events } = await this.#options.log.state(runTopic(runId));
    return readHistory(events);
  }

  #servicesFor(runId: string, trail: AuditTrail | null): RunServices {
    return {
      folder: this.#folderOf(runId),
      publish: (topic, event) => {
        this.#publish(topic, event);
        if (topic === runTopic(runId)) this.#tellWhatFollows(runId, trail, event);
      },
      report: this.#options.report,
    };
  }

  #openingOf(source: S, runId: string, startedBy: string | null): Opening {
    const replay = this.#options.kind.replayOf(source);
    const { pipeline } = source;
    return { runId, pipeline, startedAt: Date.now(), startedBy, ...(replay === undefined ? {} : { replay }) };
  }

  #tellPipelines(before: readonly PipelineEvent[]): void {
    const told = new Map(before.map((event) => [event.name, event]));
    for (const { pipeline } of this.#sources.values()) {
      const { name, title, nodes } = pipeline;
      const gates = nodes.filter(asks).length;
      const event = {
        type: 'pipeline',
        name,
        title,
        tasks: nodes.length - gates,
        gates,
        available: true,
      } as const;
      if (JSON.stringify(event) !== JSON.stringify(told.get(name))) this.#publish(RUNS_TOPIC, event);
      told.delete(name);
    }
    for (const gone of told.values()) this.#publish(RUNS_TOPIC, { ...gone, available: false });
  }

  #publish(topic: string, event: EventInput<ConsoleProtocol>): void {
    if (this.#isStopped) return;
    this.#unpublished.push([topic, event]);
    this.#publishing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#publishing);
    this.#publishing = undefined;
    for (const [topic, event] of this.#unpublished.splice(0)) {
      this.#publisher
        ?.publish(topic, event)
        .catch((error) => this.#options.report(error, `publishing ${event.type} to ${topic}`));
    }
  }

  #folderOf(runId: string): string {
    return join(this.#options.folder, basename(runId));
  }
}

function isUnderWay({ state, finishedAt }: RunStateEvent): boolean {
  return state === 'running' || state === 'waiting' || finishedAt === null;
}

function keyOf({ principal, id }: { principal: string; id: string }): string {
  return JSON.stringify([principal, id]);
}

function shortId(of: string): string {
  return createHash('sha256').update(of).digest('hex').slice(0, 10);
}
