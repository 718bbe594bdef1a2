import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { runTopic } from '../../engine/protocol.ts';
import { useToasts } from '../errors/toasts.ts';
import { fileNameOf } from '../export/file-name.ts';
import { saveText } from '../export/save-file.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useLatest } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { type About, logText, sayCut } from './as-text.ts';
import { besides, LineSearch } from './line-search.ts';
import { LogLines } from './log-lines.tsx';
import { LogSearch } from './log-search.tsx';
import { LineList } from './run-log.ts';
import { useRunLog } from './use-run-log.tsx';

/** What one node has written, or all of the run's. To be keyed by both. */
export function LogPanel({
  runId,
  nodeId,
  graph,
}: {
  runId: string;
  nodeId: string | null;
  graph: readonly GraphStep[];
}) {
  const log = useRunLog();
  const nothing = useMemo(() => new LineList(), []);
  const list = log?.of(nodeId) ?? nothing;
  const titles = useMemo(() => new Map(graph.map(({ nodeId, title }) => [nodeId, title])), [graph]);
  const titleOf = useCallback((id: string) => titles.get(id) ?? id, [titles]);
  const about = useAbout(runId, nodeId, titleOf);
  const [isWrapped, setIsWrapped] = useState(true);
  const [isFollowing, setIsFollowing] = useState(true);
  const [text, setText] = useState('');
  const [current, setCurrent] = useState<number | null>(null);
  const wanted = useDeferredValue(text);
  const search = useMemo(() => new LineSearch(list, wanted), [list, wanted]);
  const found = search.look();

  const step = (by: 1 | -1) => {
    // What was typed a moment ago counts, also where its matches are not on the page yet.
    const now = text === wanted ? found : new LineSearch(list, text).look();
    setCurrent(besides(now, current, by));
    setIsFollowing(false);
  };
  return (
    <>
      <div className="log-header">
        <h3>Log</h3>
        <div className="log-tools">
          <Tool icon="wrap" label="Wrap long lines" isOn={isWrapped} onUse={() => setIsWrapped(!isWrapped)} />
          <Tool
            icon="toEnd"
            label="Follow the newest lines"
            isOn={isFollowing}
            onUse={() => setIsFollowing(!isFollowing)}
          />
          <CopyAll textOf={() => logText(list, about, titleOf)} count={list.length} />
          <Tool
            icon="download"
            label="Download the log"
            isDisabled={list.length === 0}
            onUse={() => saveText(fileNameOf({ ...about, nodeId }, 'log'), logText(list, about, titleOf))}
          />
        </div>
      </div>
      <LogSearch
        text={text}
        onText={(sought) => {
          setText(sought);
          setCurrent(null);
        }}
        found={found}
        current={current}
        onStep={step}
      />
      {log && about.cut > 0 && <p className="hint">{sayCut(about.cut)}</p>}
      {log && list.length === 0 && about.cut === 0 && <p className="hint">Nothing was written yet.</p>}
      <LogLines
        list={list}
        titleOf={nodeId === null ? titleOf : null}
        search={wanted}
        current={current}
        isWrapped={isWrapped}
        isFollowing={isFollowing}
        onFollow={setIsFollowing}
      />
      <p className="log-legend">
        <span className="log-mark" data-stream="err" aria-hidden="true" /> error output (stderr)
        <span className="log-mark" data-stream="engine" aria-hidden="true" /> <i>the engine’s own word</i>
      </p>
    </>
  );
}

function useAbout(runId: string, nodeId: string | null, titleOf: (nodeId: string) => string): About {
  const events = useLatest(runTopic(runId), ['run_state', 'node_state']);
  const log = useRunLog();
  const run = events.get(`run:${runId}`);
  const written = useMemo(() => {
    const nodes = [...events.values()].filter((event) => event.type === 'node_state');
    return new Map(nodes.map(({ nodeId, lines = 0 }) => [nodeId, lines]));
  }, [events]);
  return {
    run: run?.type === 'run_state' ? run.title : 'A run',
    pipeline: run?.type === 'run_state' ? run.pipeline : null,
    runId,
    node: nodeId === null ? null : { nodeId, title: titleOf(nodeId) },
    cut: log?.cutBefore(nodeId, written) ?? 0,
  };
}

/** Text that is selected ends where the lines in view do. */
function CopyAll({ textOf, count }: { textOf: () => string; count: number }) {
  const toasts = useToasts();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(textOf());
      toasts.add({ tone: 'success', text: `${plural(count, 'line')} copied.` });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      toasts.add({ tone: 'error', text: `The browser did not copy the log: ${why}` });
    }
  };
  return <Tool icon="copy" label="Copy all lines" isDisabled={count === 0} onUse={copy} />;
}

function Tool({
  icon,
  label,
  isOn,
  isDisabled = false,
  onUse,
}: {
  icon: IconName;
  label: string;
  /** Of a switch. */
  isOn?: boolean;
  isDisabled?: boolean;
  onUse: () => void;
}) {
  return (
    <button
      type="button"
      className="button quiet icon-only small"
      aria-label={label}
      title={label}
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={onUse}
    >
      <Icon name={icon} />
    </button>
  );
}
