import { RUNS_TOPIC } from '../../engine/protocol.ts';
import { useAlerts } from '../alerts/use-alerts.ts';
import { useUndecidedGates } from '../gates/gates.ts';
import { sayStart } from '../gates/run-name.tsx';
import { goTo } from '../route.ts';
import { TOOLS, type Tool } from '../session/header.tsx';
import { useLatest } from '../trunk.ts';
import { takeFocus } from '../ui/landing.ts';
import { useCommands } from './commands.ts';

/** What can be done wherever one is on the page. */
export function PageCommands({
  name,
  onGate,
  onTool,
  onShortcuts,
}: {
  name: string;
  onGate: (gateId: string) => void;
  onTool: (tool: Tool) => void;
  onShortcuts: () => void;
}): null {
  const gates = useUndecidedGates();
  const runs = useLatest(RUNS_TOPIC, 'run_state');
  const { isOn, turn } = useAlerts(name);
  useCommands([
    ...gates.map(({ gateId, runId, title }) => {
      const run = runs.get(`run:${runId}`);
      return {
        group: 'Decisions' as const,
        title: `Open the gate “${title}”`,
        about: run ? `${run.title}, ${sayStart(run)}` : runId,
        run: () => {
          goTo({ runId });
          onGate(gateId);
        },
      };
    }),
    {
      group: 'Go to',
      title: 'All runs',
      run: () => {
        goTo({ runId: null });
        takeFocus();
      },
    },
    ...TOOLS.map(({ tool, label }) => ({
      group: 'Page' as const,
      title: `Show: ${label}`,
      run: () => onTool(tool),
    })),
    { group: 'Page', title: 'Show: Failures', run: () => onTool('failures') },
    {
      group: 'Page',
      title: isOn.has('notification') ? 'Turn desktop notifications off' : 'Turn desktop notifications on',
      run: () => turn('notification', !isOn.has('notification')),
    },
    {
      group: 'Page',
      title: isOn.has('sound') ? 'Turn the sound for gates off' : 'Turn the sound for gates on',
      run: () => turn('sound', !isOn.has('sound')),
    },
    { group: 'Page', title: 'Keyboard shortcuts', run: onShortcuts },
  ]);
  return null;
}
