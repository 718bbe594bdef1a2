import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { RunName } from '../gates/run-name.tsx';
import { plural } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { landFocus } from '../ui/landing.ts';
import type { Toast } from './toasts.ts';

/** An error stays until it is dismissed. */
const SHOWN_MS = 15_000;
const NAMED_RUNS = 3;
const ICONS: Record<Toast['tone'], IconName> = { info: 'clock', success: 'check', error: 'alert' };

/** It stays while the pointer or the focus is in it. */
export function NoticeCard({
  tone,
  text,
  runIds = [],
  action,
  onDismiss,
}: Omit<Toast, 'id'> & { onDismiss: () => void }) {
  const [isHeld, setIsHeld] = useState(false);
  const dismiss = useRef(onDismiss);
  useEffect(() => {
    dismiss.current = onDismiss;
  });
  const stays = tone === 'error' || isHeld;
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => dismiss.current(), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [stays]);
  const close = () => {
    flushSync(onDismiss);
    landFocus();
  };
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
      <div>
        <p>{text}</p>
        {runIds.slice(0, NAMED_RUNS).map((runId) => (
          <p key={runId} className="toast-run">
            <RunName runId={runId} />
          </p>
        ))}
        {runIds.length > NAMED_RUNS && (
          <p className="toast-run">and {plural(runIds.length - NAMED_RUNS, 'more run')}</p>
        )}
      </div>
      {action && (
        <button
          type="button"
          className="button small toast-action"
          onClick={() => {
            close();
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" className="button icon-only small" aria-label="Dismiss" onClick={close}>
        <Icon name="close" />
      </button>
    </div>
  );
}
