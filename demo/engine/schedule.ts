import { isGate, type PipelineNode } from './pipeline.ts';
import type { NodeState, RunState } from './protocol.ts';

/** What can be run again, or asked again. */
const RETRYABLE: ReadonlySet<NodeState> = new Set(['failed', 'rejected', 'cancelled', 'interrupted']);
/** What runs again with a node that it depends on; what was given up does where nothing else holds it up. */
const RERUN: ReadonlySet<NodeState> = new Set(['succeeded', 'failed', 'rejected', 'interrupted']);
const AT_WORK: ReadonlySet<NodeState> = new Set(['running', 'waiting']);
/** Whoever depends on such a node will not run. */
const HOPELESS: ReadonlySet<NodeState> = new Set(['failed', 'rejected', 'skipped', 'cancelled']);

/**
 * The states of a pipeline's nodes and what follows from them: what can start, what can never start any more, how the
 * whole stands. It starts nothing itself and knows no time.
 */
export class Schedule {
  readonly #nodes: ReadonlyMap<string, PipelineNode>;
  readonly #dependants: ReadonlyMap<string, readonly string[]>;
  readonly #states: Map<string, NodeState>;
  /** Pending, and all that they depend on has succeeded; in this order. */
  readonly #ready = { tasks: new Set<string>(), gates: new Set<string>() };
  readonly #counts = new Map<NodeState, number>();

  /** @param states of nodes that are not `pending`. */
  constructor(nodes: readonly PipelineNode[], states: ReadonlyMap<string, NodeState> = new Map()) {
    const dependants = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
    for (const { id, after } of nodes) for (const name of new Set(after)) dependants.get(name)?.push(id);
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#dependants = dependants;
    this.#states = new Map(nodes.map(({ id }) => [id, states.get(id) ?? 'pending']));
    for (const state of this.#states.values()) this.#count(state, 1);
    for (const { id } of nodes) this.#refresh(id);
  }

  node(id: string): PipelineNode | undefined {
    return this.#nodes.get(id);
  }

  state(id: string): NodeState {
    return this.#states.get(id) ?? 'pending';
  }

  count(state: NodeState): number {
    return this.#counts.get(state) ?? 0;
  }

  /** What could start now: pending, and all that it depends on has succeeded. */
  get readyGates(): Iterable<string> {
    return this.#ready.gates;
  }
  get readyTasks(): Iterable<string> {
    return this.#ready.tasks;
  }

  set(id: string, state: NodeState): void {
    const before = this.state(id);
    this.#states.set(id, state);
    this.#count(before, -1);
    this.#count(state, 1);
    this.#refresh(id);
    if ((before === 'succeeded') === (state === 'succeeded')) return;
    for (const dependant of this.#dependants.get(id) ?? []) this.#refresh(dependant);
  }

  /** Pending nodes that can never start, because something that they depend on has not succeeded and will not. */
  hopeless(from: Iterable<string>): { id: string; because: string }[] {
    const found = new Map<string, string>();
    const look = [...from].filter((id) => HOPELESS.has(this.state(id)));
    for (let id = look.pop(); id !== undefined; id = look.pop()) {
      for (const dependant of this.#dependants.get(id) ?? []) {
        if (this.state(dependant) !== 'pending' || found.has(dependant)) continue;
        found.set(dependant, id);
        look.push(dependant);
      }
    }
    return [...found].map(([id, because]) => ({ id, because }));
  }

  /**
   * The nodes that become `pending` where this one is run again: itself, and those which were given up because of it.
   * `null` where it cannot be run again.
   */
  retried(id: string): readonly string[] | null {
    if (!RETRYABLE.has(this.state(id)) || this.#isHeldUp(id)) return null;
    return this.#withGivenUp([id]);
  }

  /** The same of all that has failed or was interrupted; what a person has rejected stays so. */
  get retriedFailed(): readonly string[] {
    const failed = [...this.ids('failed'), ...this.ids('interrupted')];
    return this.#withGivenUp(failed.filter((id) => !this.#isHeldUp(id)));
  }

  /**
   * The nodes that become `pending` where one that has succeeded is run again: itself, and all that has ended after it.
   * `inTheWay`: what depends on it and is at work, or about to ask.
   */
  rerun(id: string): { readonly again: readonly string[]; readonly inTheWay: readonly string[] } {
    const after = this.#allAfter(id);
    return {
      again: this.#withGivenUp([id, ...after.filter((name) => RERUN.has(this.state(name)))]),
      inTheWay: after.filter((name) => AT_WORK.has(this.state(name)) || this.#ready.gates.has(name)),
    };
  }

  /** Something that it depends on will not succeed. */
  #isHeldUp(id: string, unless: ReadonlySet<string> = new Set()): boolean {
    const before = this.#nodes.get(id)?.after ?? [];
    return before.some((name) => !unless.has(name) && HOPELESS.has(this.state(name)));
  }

  /** All that depends on a node, directly or not. */
  #allAfter(id: string): string[] {
    const found = new Set<string>([id]);
    for (const name of found) for (const dependant of this.#dependants.get(name) ?? []) found.add(dependant);
    found.delete(id);
    return [...found];
  }

  /** These nodes, and those that were given up because of them alone. */
  #withGivenUp(ids: readonly string[]): string[] {
    const again = new Set(ids);
    // Again and again: a node counts only when all that holds it up is run again, in whatever order they are found.
    for (let before = 0; before < again.size; ) {
      before = again.size;
      for (const name of [...again]) {
        for (const dependant of this.#dependants.get(name) ?? []) {
          const state = this.state(dependant);
          if (state !== 'skipped' && state !== 'cancelled') continue;
          if (!this.#isHeldUp(dependant, again)) again.add(dependant);
        }
      }
    }
    return [...again];
  }

  ids(state: NodeState): string[] {
    return [...this.#states].filter(([, own]) => own === state).map(([id]) => id);
  }

  get runState(): RunState {
    if (this.count('running') + this.#ready.tasks.size + this.#ready.gates.size > 0) return 'running';
    if (this.count('waiting') > 0) return 'waiting';
    if (this.count('cancelled') > 0) return 'cancelled';
    if (this.count('interrupted') > 0) return 'interrupted';
    if (this.count('failed') > 0) return 'failed';
    if (this.count('rejected') > 0) return 'rejected';
    return this.count('skipped') > 0 ? 'failed' : 'succeeded';
  }

  #refresh(id: string): void {
    const node = this.#nodes.get(id);
    if (!node) return;
    const ready = isGate(node) ? this.#ready.gates : this.#ready.tasks;
    const canStart =
      this.state(id) === 'pending' && node.after.every((name) => this.state(name) === 'succeeded');
    if (canStart) ready.add(id);
    else ready.delete(id);
  }

  #count(state: NodeState, by: 1 | -1): void {
    this.#counts.set(state, this.count(state) + by);
  }
}
