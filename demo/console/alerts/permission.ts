import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

/** Whether the browser lets this site show notifications; `missing`: it has none. */
export function useNotificationPermission(): NotificationPermission | 'missing' {
  return useSyncExternalStore(subscribe, permission);
}

/** The browser asks the person, where it has not yet. To be called in a click. */
export async function askForNotifications(): Promise<boolean> {
  if (permission() === 'default') await Notification.requestPermission();
  for (const listener of [...listeners]) listener();
  return permission() === 'granted';
}

function permission(): NotificationPermission | 'missing' {
  return typeof Notification === 'undefined' ? 'missing' : Notification.permission;
}

/** A person changes it in the browser's own settings, and comes back. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('focus', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('focus', listener);
  };
}
