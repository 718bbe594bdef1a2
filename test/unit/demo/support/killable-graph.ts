/** A console server over a graph, in a process of its own, to be killed. Prints where it is. */
import { graphs } from '../../../../demo/langgraph/graphs.ts';
import { startConsoleServer } from '../../../../demo/server/index.ts';
import { killable } from './graphs.ts';

const [dataFolder = '', port = '0', which = ''] = process.argv.slice(2);
const server = await startConsoleServer({
  site: new Map(),
  kind: (folder) => graphs([killable(which)], folder),
  dataFolder,
  port: Number(port),
});
console.log(server.url);
