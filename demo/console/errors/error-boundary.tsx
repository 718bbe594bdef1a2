import { Component, type ReactNode } from 'react';
import type { Report } from './report.ts';

interface Props {
  readonly report: Report;
  readonly children: ReactNode;
}

/** A page whose code failed says so. What was decided is safe: the hub and its outbox live elsewhere. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(error: Error): void {
    this.props.report({ message: error.message, ...(error.stack && { stack: error.stack }) });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="sign-in">
        <div className="sign-in-card" role="alert">
          <h1>This page failed</h1>
          <p>{error.message}</p>
          <p>Decisions that you have made are kept in this browser, and will be sent.</p>
          <button type="button" className="button primary large" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </main>
    );
  }
}
