import { startKeepingPage } from '../common/keeping-page.ts';
import { protocol } from '../common/protocol.ts';

startKeepingPage(
  () => new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module', name: 'trunkline' }),
  protocol,
);
