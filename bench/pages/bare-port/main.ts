import { start } from '../common/start.ts';

start({
  connect(url, { events }) {
    const { port } = new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'bare' });
    return new Promise((ready) => {
      port.onmessage = ({ data }) => {
        events(data);
        ready();
      };
      port.postMessage(url);
    });
  },
});
