import { parsePipeline } from '../../../../demo/engine/pipeline.ts';
import type { Source } from '../../../../demo/engine/saved-run.ts';

/** Its tasks wait until somebody puts a file `go` into the run's folder. */
const waits = ['sh', '-c', 'echo $$ >"$0.pid"; while [ ! -e go ]; do sleep 0.05; done'];

export const LONG: Source = {
  kind: 'file',
  here: '/',
  target: '/',
  pipeline: parsePipeline(
    {
      title: 'Long',
      budget: { limit: 10, perCpuSecond: 0.001 },
      parallel: 4,
      nodes: [
        { id: 'done', run: ['true'], cost: 1 },
        { id: 'once', after: ['done'], run: [...waits, 'once'] },
        { id: 'anew', after: ['done'], run: [...waits, 'anew'], repeatable: true },
        { id: 'gate', after: ['done'], gate: { title: 'Go on?' } },
        { id: 'after-once', after: ['once'], run: ['true'] },
        { id: 'after-anew', after: ['anew', 'gate'], run: ['true'] },
      ],
    },
    'the test',
    'long',
  ),
};
