import type { ReactNode } from 'react';
import { Icon } from '../ui/icon.tsx';
import { useNotificationPermission } from './permission.ts';
import { BLOCKED, useAlerts } from './use-alerts.ts';

/** Whether this browser tells of a gate when nobody looks: a setting of the person, for all tabs. */
export function AlertsPanel({ name }: { name: string }) {
  const permission = useNotificationPermission();
  const { isOn, turn } = useAlerts(name);
  const isPossible = permission === 'granted' || permission === 'default';
  return (
    <>
      <p className="hint">
        When a decision is needed while no tab of the console is on the screen, this browser can call you:
        once, however many tabs there are.
      </p>
      <Setting
        label="Desktop notification"
        isOn={isOn.has('notification') && permission === 'granted'}
        isDisabled={!isPossible}
        onTurn={(on) => turn('notification', on)}
      >
        {permission === 'default' && 'The browser asks you first. '}
        It says which run asks for what, and opens the gate; it decides nothing.
      </Setting>
      {!isPossible && (
        <p className="notice" data-state="failed" role="note">
          <Icon name="alert" />
          {permission === 'missing' ? 'This browser shows no notifications.' : BLOCKED}
        </p>
      )}
      <Setting label="Sound" isOn={isOn.has('sound')} onTurn={(on) => turn('sound', on)}>
        Two short, soft notes. You hear them when you turn this on.
      </Setting>
    </>
  );
}

function Setting({
  label,
  isOn,
  isDisabled = false,
  onTurn,
  children,
}: {
  label: string;
  isOn: boolean;
  isDisabled?: boolean;
  onTurn: (isOn: boolean) => void;
  children: ReactNode;
}) {
  return (
    <label className="setting">
      <input
        type="checkbox"
        checked={isOn}
        disabled={isDisabled}
        onChange={({ target }) => onTurn(target.checked)}
      />
      <span>
        <strong>{label}</strong>
        <span>{children}</span>
      </span>
    </label>
  );
}
