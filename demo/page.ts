import { createDemoClient } from './page/client.ts';
import { showConnection } from './page/connection.ts';
import { showCut } from './page/cut.ts';
import { showGates } from './page/gates.ts';
import { showInspector } from './page/inspector.ts';
import { showMachine } from './page/machine.ts';
import { showNotes } from './page/notes.ts';
import { showOutbox } from './page/outbox.ts';

const client = createDemoClient();
showConnection(client);
showCut(client);
showGates(client);
showOutbox(client);
showMachine(client);
showNotes(client);
showInspector(client);
