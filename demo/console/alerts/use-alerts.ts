import { useMemo } from 'react';
import { useToasts } from '../errors/toasts.ts';
import { askForNotifications } from './permission.ts';
import { type Alert, setAlert, useAlertSettings } from './settings.ts';
import { playSound } from './sound.ts';

export const BLOCKED =
  'The browser blocks notifications of this site. Allow them in its site settings, then turn them on here.';

/** What is turned on, and the switch. */
export function useAlerts(name: string) {
  const isOn = useAlertSettings(name);
  const toasts = useToasts();
  return useMemo(() => {
    const turn = async (alert: Alert, on: boolean): Promise<void> => {
      if (on && alert === 'notification' && !(await askForNotifications())) {
        toasts.add({ tone: 'error', text: BLOCKED });
        return;
      }
      setAlert(name, alert, on);
      // So that a person knows what to listen for.
      if (on && alert === 'sound') await playSound();
    };
    return { isOn, turn };
  }, [isOn, name, toasts]);
}
