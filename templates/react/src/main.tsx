import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { client } from './client.ts';
import { Provider } from './hooks.ts';

const root = document.querySelector('#app');
if (!root) throw new Error('index.html has no #app');
createRoot(root).render(
  <StrictMode>
    <Provider client={client}>
      <App />
    </Provider>
  </StrictMode>,
);
