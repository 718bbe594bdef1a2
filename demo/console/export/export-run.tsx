import { runTopic } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { useTopicStatus } from '../topics.ts';
import { useClient } from '../trunk.ts';
import { fileNameOf } from './file-name.ts';
import { knownEvents } from './known-events.ts';
import { type RunFile, runFileOf } from './run-file.ts';
import { saveJson } from './save-file.ts';
import { wfInstanceOf } from './wf-instance.ts';

/** A run as a file, of what this browser has of it: so it works without a connection as well. */
export function ExportRun({ runId }: { runId: string }) {
  const client = useClient();
  const toasts = useToasts();
  const status = useTopicStatus(runTopic(runId));
  const save = async (ending: string, contentOf: (file: RunFile) => object | null, nothing: string) => {
    const exportedAt = Date.now();
    const asOf = status.state === 'stale' ? (status.savedAt ?? status.lastSeen) : exportedAt;
    try {
      const file = runFileOf(await knownEvents(client, runId), { exportedAt, asOf });
      const content = file && contentOf(file);
      if (content) saveJson(fileNameOf(file.run, ending), content);
      else toasts.add({ tone: 'error', text: nothing });
    } catch (error) {
      toasts.add({ tone: 'error', text: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <details className="export">
      <summary>Export</summary>
      <div className="export-ways">
        <div>
          <button
            type="button"
            className="button small"
            onClick={() => save('json', (file) => file, 'This browser does not have all of the run yet.')}
          >
            Save as JSON
          </button>
          <p className="hint">
            All that this browser has of the run: graph, states, attempts, figures, gates, history, and the
            newest lines of its log.
          </p>
        </div>
        <div>
          <button
            type="button"
            className="button small"
            onClick={() => save('wfcommons.json', wfInstanceOf, 'No node of this run has ended yet.')}
          >
            Save as WfCommons
          </button>
          <p className="hint">
            What has run, and how long it took, as an instance of WfFormat 1.5: <code>--trace</code> replays
            it.
          </p>
        </div>
      </div>
    </details>
  );
}
