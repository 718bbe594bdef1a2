/** The gateway as its operator and the backend ask it: plain HTTP on a port of its own. */
import type { IncomingMessage, RequestListener } from 'node:http';
import * as v from 'valibot';
import { topic, typed } from '../../protocol/frames/common.ts';
import { isTooDeep, TOO_DEEP } from '../../protocol/json.ts';
import type { ApplicationServer } from '../../server/serve-application.ts';

const publication = v.strictObject({
  topic,
  event: typed,
  key: v.optional(v.string()),
  gone: v.optional(v.boolean()),
  critical: v.optional(v.boolean()),
});
const publishBody = v.strictObject({ events: v.pipe(v.array(publication), v.minLength(1)) });

export function controlApi(server: ApplicationServer): RequestListener {
  return async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      switch (`${request.method} ${request.url}`) {
        case 'GET /healthz':
          answer(200, { status: 'alive' });
          return;
        case 'POST /publish': {
          const { events } = v.parse(publishBody, await bodyOf(request));
          answer(200, { events: await server.publishAll(events) });
          return;
        }
        default:
          answer(404, { code: 'not_found', message: `there is no ${request.method} ${request.url}` });
      }
    } catch (error) {
      answer(400, { code: 'invalid', message: String(error) });
    }
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (isTooDeep(body)) throw new TypeError(`the body is ${TOO_DEEP}`);
  return body;
}
