import { useEffect, useState, useSyncExternalStore } from 'react';
import { Icon, type IconName } from '../ui/icon.tsx';
import { type Toast, useToasts } from './toasts.ts';

/** An error stays until it is dismissed. */
const SHOWN_MS = 7_000;
const ICONS: Record<Toast['tone'], IconName> = { info: 'clock', success: 'check', error: 'alert' };

/** The region is always there, so that a screen reader notices what comes into it. */
export function ToastList() {
  const toasts = useToasts();
  const list = useSyncExternalStore(toasts.subscribe, toasts.get, toasts.get);
  return (
    <section className="toasts" aria-label="Notices" aria-live="polite" aria-relevant="additions">
      {list.map((toast) => (
        <ToastCard key={toast.id} toast={toast} onDismiss={toasts.dismiss} />
      ))}
    </section>
  );
}

function ToastCard({ toast, onDismiss }: { toast: Toast; onDismiss: (id: number) => void }) {
  const { id, tone, text, action } = toast;
  const [isHeld, setIsHeld] = useState(false);
  const stays = tone === 'error' || isHeld;
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => onDismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [stays, id, onDismiss]);
  const hold = () => setIsHeld(true);
  const release = () => setIsHeld(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps it from going away under the pointer
    <div
      className="toast"
      data-tone={tone}
      onMouseEnter={hold}
      onMouseLeave={release}
      onFocus={hold}
      onBlur={release}
    >
      <Icon name={ICONS[tone]} />
      <p>{text}</p>
      {action && (
        <button
          type="button"
          className="button small"
          onClick={() => {
            action.run();
            onDismiss(id);
          }}
        >
          {action.label}
        </button>
      )}
      <button
        type="button"
        className="button icon-only small"
        aria-label="Dismiss"
        onClick={() => onDismiss(id)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
