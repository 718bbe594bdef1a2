import { useCallback, useEffect, useState } from 'react';
import { AlertsPanel } from '../alerts/alerts-panel.tsx';
import { GateAlerts } from '../alerts/gate-alerts.ts';
import { createFailures } from '../errors/failures.ts';
import { FailuresPanel } from '../errors/failures-panel.tsx';
import { Notices } from '../errors/notices.tsx';
import type { Report } from '../errors/report.ts';
import { RunErrors } from '../errors/run-errors.tsx';
import { GateDesk } from '../gates/gate-desk.tsx';
import { StatusStrip } from '../gates/status-strip.tsx';
import { OutboxPanel } from '../outbox/outbox-panel.tsx';
import { useUnloadGuard } from '../outbox/unload-guard.ts';
import { useKeyboard } from '../palette/keyboard.tsx';
import { PageCommands } from '../palette/page-commands.ts';
import { PromisePanel } from '../promise/promise-panel.tsx';
import { usePromise } from '../promise/use-promise.ts';
import { useRoute } from '../route.ts';
import { RunList } from '../runs/run-list.tsx';
import { RunView } from '../runs/run-view.tsx';
import { StartRuns } from '../runs/start-runs.tsx';
import { Welcome } from '../runs/welcome.tsx';
import { Drawer } from '../tools/drawer.tsx';
import { FaultsPanel } from '../tools/faults-panel.tsx';
import { Inspector } from '../tools/inspector.tsx';
import { landFocus, useLanding } from '../ui/landing.ts';
import { Header, type Tool } from './header.tsx';
import { NewerBuild } from './newer-build.tsx';
import { TabTitle } from './tab-title.ts';

/** All that somebody sees who is signed in. Its client and its toasts come from above. */
export function Page({ name, report }: { name: string; report: Report }) {
  const { runId, nodeId } = useRoute();
  const [tool, setTool] = useState<Tool | null>(null);
  const closeTool = useCallback(() => setTool(null), []);
  const [openGate, setOpenGate] = useState<string | null>(null);
  const [failures] = useState(createFailures);
  const promise = usePromise();
  const keyboard = useKeyboard();
  const runsHeading = useLanding();
  // What had the focus may be gone with the view before.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each change of what is shown
  useEffect(landFocus, [runId, nodeId]);
  useUnloadGuard();
  return (
    <div className="app" data-run={runId !== null}>
      <Header name={name} tool={tool} onTool={setTool} onFind={() => keyboard.open('palette')} />
      <StatusStrip runId={runId} onReview={setOpenGate} />
      <main className="body">
        <nav className="sidebar" aria-label="Runs">
          {/* Where there is no room for the welcome and its heading. */}
          {runId === null && <h1 className="sr-only narrow-only">Trunkline console</h1>}
          <button
            type="button"
            className="button promise-button"
            onClick={promise.begin}
            disabled={promise.script !== null}
          >
            Try the promise
          </button>
          <h2>Start a run</h2>
          <StartRuns />
          <h2 ref={runsHeading} tabIndex={-1}>
            Runs
          </h2>
          <RunList />
          <NewerBuild />
        </nav>
        {runId === null ? (
          <Welcome promise={promise} />
        ) : (
          <RunView key={runId} runId={runId} nodeId={nodeId} onAside={closeTool} />
        )}
        <GateDesk
          name={name}
          openGate={openGate}
          onOpen={setOpenGate}
          runInView={runId}
          isQuiet={promise.script !== null}
        />
        <Notices failures={failures} onShowFailures={() => setTool('failures')} />
        <div className="corner">
          <PromisePanel promise={promise} />
        </div>
      </main>
      {tool === 'outbox' && (
        <Drawer key={tool} title="Outbox" onClose={closeTool}>
          <OutboxPanel />
        </Drawer>
      )}
      {tool === 'alerts' && (
        <Drawer key={tool} title="Alerts" onClose={closeTool}>
          <AlertsPanel name={name} />
        </Drawer>
      )}
      {tool === 'faults' && (
        <Drawer key={tool} title="Faults" onClose={closeTool}>
          <FaultsPanel runId={runId} />
        </Drawer>
      )}
      {tool === 'inspector' && (
        <Drawer key={tool} title="Inspector" isWide onClose={closeTool}>
          <Inspector />
        </Drawer>
      )}
      {tool === 'failures' && (
        <Drawer key={tool} title="Failures" onClose={closeTool}>
          <FailuresPanel failures={failures} onGo={closeTool} />
        </Drawer>
      )}
      {keyboard.dialog}
      <PageCommands
        name={name}
        onGate={setOpenGate}
        onTool={setTool}
        onShortcuts={() => keyboard.open('shortcuts')}
      />
      <TabTitle runId={runId} />
      <GateAlerts name={name} report={report} onOpen={setOpenGate} />
      <RunErrors failures={failures} report={report} runId={runId} />
    </div>
  );
}
