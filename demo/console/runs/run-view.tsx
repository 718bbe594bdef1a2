import { useCallback, useEffect, useRef, useState } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import { RunGraph } from '../graph/run-graph.tsx';
import { useGraph } from '../graph/use-graph.ts';
import { HistoryButton } from '../history/history-button.tsx';
import { RunHistory } from '../history/run-history.tsx';
import { RunLogProvider } from '../log/use-run-log.tsx';
import { NodeDetails } from '../node/node-details.tsx';
import { NodeTable } from '../node/node-table.tsx';
import { RunActivity } from '../node/run-activity.tsx';
import { goTo } from '../route.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { useIsLoaded, useTopicStatus } from '../topics.ts';
import { useConnection, useLatest } from '../trunk.ts';
import { RunHeader } from './run-header.tsx';
import { ShapeSwitch } from './shape-switch.tsx';
import { useShape } from './use-shape.ts';

/** One run: its header, its graph, and beside it the selected node or what happens in the run. */
export function RunView({
  runId,
  nodeId,
  onAside,
}: {
  runId: string;
  nodeId: string | null;
  /** What is beside the run is to be seen: nothing may lie over it. */
  onAside: () => void;
}) {
  const topic = runTopic(runId);
  const run = useLatest(topic, 'run_state', `run:${runId}`);
  const graph = useGraph(topic);
  const status = useTopicStatus(topic);
  const isLoaded = useIsLoaded(topic);
  const [shape, setShape] = useShape();
  const [isHistoryShown, setHistoryShown] = useState(false);
  const historyButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (nodeId !== null) onAside();
  }, [nodeId, onAside]);
  const select = useCallback((id: string | null) => goTo({ runId, nodeId: id }), [runId]);
  const showHistory = (isShown: boolean) => {
    setHistoryShown(isShown);
    select(null);
    if (isShown) onAside();
  };
  const closeHistory = () => {
    showHistory(false);
    historyButton.current?.focus();
  };

  if (status.state === 'refused') return <Absent title="You may not see this run" text={status.message} />;
  if (status.state === 'unavailable') return <Unknown />;
  if (!run || !graph) return isLoaded ? <Absent title="There is no such run" /> : <RunLoading />;
  return (
    <>
      <section className="run" aria-labelledby="run-title">
        <RunHeader run={run} topic={topic} graph={graph}>
          <HistoryButton
            ref={historyButton}
            isShown={isHistoryShown && nodeId === null}
            onShow={showHistory}
          />
        </RunHeader>
        <div className="run-canvas">
          <ShapeSwitch shape={shape} onShape={setShape} />
          {shape === 'graph' && <RunGraph runId={runId} graph={graph} selected={nodeId} onSelect={select} />}
          {shape === 'table' && <NodeTable runId={runId} graph={graph} selected={nodeId} onSelect={select} />}
          {shape === 'timeline' && <Timeline run={run} graph={graph} selected={nodeId} onSelect={select} />}
        </div>
      </section>
      <RunLogProvider runId={runId}>
        <aside
          className="details"
          data-open={nodeId !== null || isHistoryShown}
          aria-label={nodeId ? 'Node' : isHistoryShown ? 'History' : 'Activity'}
        >
          {nodeId === null && isHistoryShown && (
            <RunHistory key={runId} runId={runId} graph={graph} onClose={closeHistory} />
          )}
          {nodeId === null && !isHistoryShown && <RunActivity key={runId} runId={runId} graph={graph} />}
          {nodeId !== null && (
            <NodeDetails
              key={nodeId}
              runId={runId}
              nodeId={nodeId}
              graph={graph}
              onClose={() => select(null)}
            />
          )}
        </aside>
      </RunLogProvider>
    </>
  );
}

function Absent({ title, text }: { title: string; text?: string }) {
  return (
    <section className="run absent">
      <h1>{title}</h1>
      {text && <p>{text}</p>}
      <a href="#/">Back to the runs</a>
    </section>
  );
}

/** Offline, of a run that this browser has never shown. */
function Unknown() {
  return (
    <Absent
      title="No connection"
      text="This browser has never shown this run, so that nothing of it is kept here. It will be here when the connection is."
    />
  );
}

function RunLoading() {
  const { state } = useConnection();
  return (
    <section className="run absent skeleton" role="status">
      <p>{state === 'open' ? 'Loading the run …' : 'The run will be here when the connection is.'}</p>
    </section>
  );
}
