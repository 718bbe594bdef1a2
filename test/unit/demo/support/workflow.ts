import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A workflow in WfFormat 1.5: as many layers of as many tasks, each after two of the layer before. */
export function writeWorkflow(
  folder: string,
  { layers, width, seconds = 1 }: { layers: number; width: number; seconds?: number },
): string {
  const idOf = (layer: number, place: number) => `task_${layer}_${place % width}`;
  const tasks: object[] = [];
  const executed: object[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let place = 0; place < width; place += 1) {
      const id = idOf(layer, place);
      const parents = layer === 0 ? [] : [idOf(layer - 1, place), idOf(layer - 1, place + 1)];
      const children =
        layer === layers - 1 ? [] : [idOf(layer + 1, place), idOf(layer + 1, place + width - 1)];
      tasks.push({ id, name: `layer ${layer}`, parents, children });
      executed.push({ id, runtimeInSeconds: seconds, avgCPU: 50, memoryInBytes: 1_000 });
    }
  }
  const path = join(folder, `workflow-${layers}x${width}.json`);
  const workflow = {
    specification: { tasks },
    execution: { makespanInSeconds: layers * seconds, tasks: executed },
  };
  writeFileSync(path, JSON.stringify({ name: 'made', schemaVersion: '1.5', workflow }));
  return path;
}
