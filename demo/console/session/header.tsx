import { ConnectionStatus } from '../connection/connection-status.tsx';
import { useOutbox } from '../trunk.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Logo } from '../ui/logo.tsx';
import { SignOut } from './sign-out.tsx';

/** What a drawer shows; failures are opened from their notice. */
export type Tool = 'outbox' | 'alerts' | 'faults' | 'inspector' | 'failures';

export const TOOLS: readonly { tool: Tool; label: string; icon: IconName }[] = [
  { tool: 'outbox', label: 'Outbox', icon: 'outbox' },
  { tool: 'alerts', label: 'Alerts', icon: 'bell' },
  { tool: 'faults', label: 'Faults', icon: 'bolt' },
  { tool: 'inspector', label: 'Inspector', icon: 'inspect' },
];

export function Header({
  name,
  tool,
  onTool,
  onFind,
}: {
  name: string;
  tool: Tool | null;
  onTool: (tool: Tool | null) => void;
  onFind: () => void;
}) {
  const { length: waiting } = useOutbox();
  return (
    <header className="header">
      <a className="brand" href="#/" aria-label="Trunkline console: all runs">
        <Logo />
        <span>Trunkline console</span>
      </a>
      <ConnectionStatus />
      <nav className="tools" aria-label="Tools">
        <button
          type="button"
          className="button quiet"
          aria-label="Commands"
          onClick={onFind}
          title="Commands (Ctrl K)"
        >
          <Icon name="prompt" />
          <span className="label">Commands</span>
        </button>
        {TOOLS.map(({ tool: own, label, icon }) => (
          <button
            key={own}
            type="button"
            className="button quiet"
            aria-pressed={tool === own}
            // In a narrow window the word is not there, and a number alone names nothing.
            aria-label={own === 'outbox' && waiting > 0 ? `${label}, ${waiting} waiting` : label}
            onClick={() => onTool(tool === own ? null : own)}
            title={label}
          >
            <Icon name={icon} />
            <span className="label">{label}</span>
            {own === 'outbox' && waiting > 0 && (
              <span className="count" data-state="waiting">
                {waiting}
              </span>
            )}
          </button>
        ))}
        <span className="user">{name}</span>
        <SignOut name={name} />
      </nav>
    </header>
  );
}
