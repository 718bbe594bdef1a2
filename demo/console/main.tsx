import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Console } from './console.tsx';
import { ErrorBoundary } from './errors/error-boundary.tsx';
import { reportToServer } from './errors/report.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary report={reportToServer}>
      <Console report={reportToServer} />
    </ErrorBoundary>
  </StrictMode>,
);
