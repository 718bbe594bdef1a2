import { useEffect } from 'react';
import type { Report } from '../errors/report.ts';
import { ToastsProvider } from '../errors/toasts.ts';
import { Provider } from '../trunk.ts';
import { Page } from './page.tsx';
import { sessionOf } from './session.ts';

export function SignedIn({ name, report }: { name: string; report: Report }) {
  const { client, toasts } = sessionOf(name, report);
  useEffect(() => {
    const tell = ({ message, error }: ErrorEvent) =>
      report({ message, ...(error instanceof Error && error.stack && { stack: error.stack }) });
    addEventListener('error', tell);
    return () => removeEventListener('error', tell);
  }, [report]);
  return (
    <Provider client={client}>
      <ToastsProvider value={toasts}>
        <Page name={name} report={report} />
      </ToastsProvider>
    </Provider>
  );
}
