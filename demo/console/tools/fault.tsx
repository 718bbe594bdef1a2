import type { ReactNode } from 'react';
import { useToasts } from '../errors/toasts.ts';

/** One way to break something: what it is, what to expect, and the button. */
export function Fault({
  title,
  expect,
  action,
  done,
  run,
  isDisabled = false,
  children,
}: {
  title: string;
  expect: string;
  action: string;
  done: string;
  run: () => Promise<void>;
  isDisabled?: boolean;
  children?: ReactNode;
}) {
  const toasts = useToasts();
  const doIt = async () => {
    try {
      await run();
      toasts.add({ tone: 'info', text: done });
    } catch (error) {
      toasts.add({ tone: 'error', text: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <section className="fault">
      <div>
        <h3>{title}</h3>
        <p>{expect}</p>
      </div>
      <div className="fault-controls">
        {children}
        <button type="button" className="button small" onClick={doIt} disabled={isDisabled}>
          {action}
        </button>
      </div>
    </section>
  );
}
