/** A console server in a process of its own, to be killed. Prints where it is. */
import { pipelines } from '../../../../demo/engine/pipelines.ts';
import { startConsoleServer } from '../../../../demo/server/index.ts';
import { LONG } from './long.ts';

const [dataFolder = '', port = '0'] = process.argv.slice(2);
const server = await startConsoleServer({
  site: new Map(),
  kind: () => pipelines([LONG]),
  dataFolder,
  port: Number(port),
});
console.log(server.url);
