import { openRows } from '../common/rows.ts';
import { start } from '../common/start.ts';

start({ connect: async () => {}, isOpen: () => false, commands: openRows() });
