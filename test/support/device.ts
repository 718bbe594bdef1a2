import type { SnapshotItem } from '../../src/protocol/frames/index.ts';
import { Disk } from '../../testing/fakes/disk.ts';
import { StateDisk } from '../../testing/fakes/state-store.ts';
import type { HubSettings } from '../../worker/core/settings.ts';
import type { WorldTab } from './hub-world.ts';
import { item, keptProtocol, line, node, TOPIC, TopicScene } from './topic-scene.ts';

/** One browser: its two databases, and the hubs that come one after the other. */
export class Device {
  readonly disk = new Disk();
  readonly stateDisk = new StateDisk();
  #hubs = 0;

  hub(settings: Partial<HubSettings> = {}, more: { protocol?: typeof keptProtocol; now?: number } = {}) {
    const { disk, stateDisk } = this;
    const ownershipId = `hub-${++this.#hubs}`;
    return new TopicScene({ protocol: keptProtocol, settings, disk, stateDisk, ownershipId, ...more });
  }

  /** What the rows say of the topic. */
  get kept() {
    return [...(this.stateDisk.items.get(TOPIC)?.values() ?? [])]
      .map(({ slot, item: { offset, event } }) => ({ slot, offset, event }))
      .sort((a, b) => a.offset - b.offset);
  }
}

export const saved = (tab: WorldTab) => tab.updates(TOPIC).filter((update) => update.kind === 'saved');
export const shown = (tab: WorldTab) => saved(tab).flatMap(({ events }) => events);

export function liveTab(scene: TopicScene, events: SnapshotItem[]): WorldTab {
  const [tab] = scene.live(1, events);
  if (!tab) throw new Error('no tab');
  return tab;
}

/** A hub has seen this state, and its worker was killed after it was written. */
export function known(device: Device): void {
  const scene = device.hub();
  scene.live(1, [item(2, node('a', 'up')), item(5, node('b', 'down'))]);
  scene.event(line('hello'));
  scene.world.advance(5_000);
}

/** What the hub asked to be written. */
export const writesOf = ({ world }: TopicScene) =>
  world.effects.flatMap((effect) =>
    effect.type === 'saved_state' && effect.ask.ask === 'commit' ? [effect.ask.op] : [],
  );
