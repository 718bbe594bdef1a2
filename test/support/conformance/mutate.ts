/** Loaded ahead of a server, with edits as JSON in `SERVER_EDITS`. */
import { changeOnLoad } from '../change-on-load.ts';

changeOnLoad(JSON.parse(process.env['SERVER_EDITS'] ?? '[]'));
