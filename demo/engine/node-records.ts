import { readySince, setAside } from './attempts.ts';
import type { ConsoleEvent, NodeStateEvent } from './events.ts';
import type { Opening } from './opening.ts';
import { isGate, type Pipeline } from './pipeline.ts';
import { Schedule } from './schedule.ts';

/** What is known of each node of a run. The one place where a node changes, which is published. */
export class NodeRecords {
  readonly schedule: Schedule;
  readonly #records: Map<string, NodeStateEvent>;
  readonly #runStartedAt: number;
  readonly #publish: (event: ConsoleEvent) => void;

  /** @param known from a server before this one. */
  constructor(
    { pipeline: { nodes }, startedAt }: Pick<Opening<Pipeline>, 'pipeline' | 'startedAt'>,
    known: ReadonlyMap<string, NodeStateEvent>,
    publish: (event: ConsoleEvent) => void,
  ) {
    this.#records = new Map(known);
    this.#runStartedAt = startedAt;
    this.#publish = publish;
    this.schedule = new Schedule(nodes, new Map([...known].map(([id, { state }]) => [id, state])));
  }

  /** Of which there is more to say than that they have not begun. */
  get ids(): string[] {
    return [...this.#records.keys()];
  }

  of(nodeId: string): NodeStateEvent {
    return (
      this.#records.get(nodeId) ?? {
        type: 'node_state',
        nodeId,
        state: 'pending',
        attempt: 0,
        attempts: this.#attemptsOf(nodeId),
        startedAt: null,
        finishedAt: null,
      }
    );
  }

  /** For another go. */
  again(nodeId: string): NodeStateEvent {
    const { message: _, ...record } = setAside(this.of(nodeId));
    const attempts = record.attempt + this.#attemptsOf(nodeId);
    return { ...record, state: 'pending', attempts, readyAt: Date.now() };
  }

  /** The node's next attempt begins now. */
  begin(nodeId: string, state: 'running' | 'waiting', startedAt: number): void {
    const { attempt, readyAt } = this.of(nodeId);
    const before = this.schedule.node(nodeId)?.after.map((id) => this.of(id)) ?? [];
    this.change(nodeId, {
      state,
      attempt: attempt + 1,
      // After a restart nothing is left of a pause.
      readyAt: Math.min(startedAt, readySince(before, readyAt ?? this.#runStartedAt)),
      startedAt,
      finishedAt: null,
    });
  }

  /** The node's attempt has ended like that, and another one follows by itself. */
  follow(
    nodeId: string,
    ended: Partial<NodeStateEvent> & Pick<NodeStateEvent, 'state'>,
    next: Partial<NodeStateEvent> & { readonly readyAt: number; readonly message: string },
  ): void {
    this.#tell({ ...setAside({ ...this.of(nodeId), ...ended }), ...next, state: 'pending' });
  }

  /** A message goes with the state that it was told with. */
  change(nodeId: string, change: Partial<NodeStateEvent> & Pick<NodeStateEvent, 'state'>): void {
    const { message: _, ...record } = this.of(nodeId);
    this.#tell({ ...record, ...change });
  }

  /** Takes over what is published already. */
  keep(record: NodeStateEvent): void {
    this.#records.set(record.nodeId, record);
    this.schedule.set(record.nodeId, record.state);
  }

  /** Skips all that can never begin, because of one of these nodes. */
  skipHopeless(from: Iterable<string>): void {
    for (const { id, because } of this.schedule.hopeless(from)) {
      const message = `${this.titleOf(because)} ${PAST[this.schedule.state(because)] ?? 'has not succeeded'}`;
      this.change(id, { state: 'skipped', message });
    }
  }

  titleOf(nodeId: string): string {
    return this.schedule.node(nodeId)?.title ?? nodeId;
  }

  #tell(record: NodeStateEvent): void {
    this.keep(record);
    this.#publish(record);
  }

  titleAndState(nodeId: string): { title: string; state: NodeStateEvent['state'] } {
    return { title: this.titleOf(nodeId), state: this.schedule.state(nodeId) };
  }

  #attemptsOf(nodeId: string): number {
    const node = this.schedule.node(nodeId);
    return node && !isGate(node) ? node.retries + 1 : 1;
  }
}

const PAST: Partial<Record<NodeStateEvent['state'], string>> = {
  failed: 'has failed',
  rejected: 'was rejected',
  skipped: 'was skipped',
  cancelled: 'was cancelled',
};
