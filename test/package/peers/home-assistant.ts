import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

interface Frame {
  readonly id: number;
  readonly type: string;
  readonly access_token?: string;
  readonly event_type?: string;
  readonly subscription?: number;
  readonly service?: string;
  readonly target?: { readonly entity_id: string };
}

/** One connection, as far as it has come. */
interface Client {
  isIn: boolean;
  lastId: number;
  /** Of subscriptions to changed states. */
  readonly subscriptions: Set<number>;
}

/**
 * As much of Home Assistant's WebSocket API as a dashboard needs (https://developers.home-assistant.io/docs/api/websocket): it
 * asks who somebody is first, and refuses numbers that do not count up.
 */
export class HomeAssistantServer {
  readonly states = new Map([
    ['light.hall', 'off'],
    ['light.shed', 'off'],
  ]);
  readonly tokens = new Set(['valid']);
  readonly received: Frame[] = [];
  readonly #server: WebSocketServer;
  readonly #clients = new Map<WebSocket, Client>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      const client: Client = { isIn: false, lastId: 0, subscriptions: new Set() };
      this.#clients.set(socket, client);
      socket.on('close', () => this.#clients.delete(socket));
      socket.on('message', (data) => this.#heard(socket, client, JSON.parse(String(data))));
      socket.send(JSON.stringify({ type: 'auth_required', ha_version: '2022.8.0' }));
    });
  }

  static async start(port = 0): Promise<HomeAssistantServer> {
    const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/api/websocket' });
    await once(server, 'listening');
    return new HomeAssistantServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get sockets(): number {
    return this.#server.clients.size;
  }

  /** @param state `null`: the entity is removed */
  change(entity_id: string, state: string | null): void {
    if (state === null) this.states.delete(entity_id);
    else this.states.set(entity_id, state);
    const event = {
      event_type: 'state_changed',
      data: { entity_id, new_state: state === null ? null : { entity_id, state } },
      time_fired: new Date().toISOString(),
    };
    for (const [socket, { subscriptions }] of this.#clients) {
      const frames = [...subscriptions].map((id) => ({ id, type: 'event', event }));
      // Where several wait, they share a message.
      if (frames.length > 0) socket.send(JSON.stringify(frames));
    }
  }

  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #heard(socket: WebSocket, client: Client, frame: Frame): void {
    this.received.push(frame);
    const say = (answer: object) => socket.send(JSON.stringify(answer));
    if (!client.isIn) {
      client.isIn = frame.type === 'auth' && this.tokens.has(frame.access_token ?? '');
      say(
        client.isIn
          ? { type: 'auth_ok', ha_version: '2022.8.0' }
          : { type: 'auth_invalid', message: 'Invalid access token' },
      );
      if (!client.isIn) socket.close();
      return;
    }
    const { id, type } = frame;
    const fail = (code: string, message: string) =>
      say({ id, type: 'result', success: false, error: { code, message } });
    const succeed = (result: unknown) => say({ id, type: 'result', success: true, result });
    if (!(id > client.lastId)) return fail('id_reuse', 'Identifier values have to increase.');
    client.lastId = id;
    switch (type) {
      case 'ping':
        return say({ id, type: 'pong' });
      case 'get_states':
        return succeed([...this.states].map(([entity_id, state]) => ({ entity_id, state, attributes: {} })));
      case 'subscribe_events':
        if (frame.event_type === 'state_changed') client.subscriptions.add(id);
        return succeed(null);
      case 'unsubscribe_events':
        if (!client.subscriptions.delete(frame.subscription ?? 0))
          return fail('not_found', 'Subscription not found.');
        return succeed(null);
      case 'call_service': {
        const entity = frame.target?.entity_id ?? '';
        if (!this.states.has(entity)) return fail('not_found', `Entity ${entity} not found`);
        this.change(entity, frame.service === 'turn_on' ? 'on' : 'off');
        return succeed({ context: { id: 'c' } });
      }
      default:
        return fail('unknown_command', 'Unknown command.');
    }
  }
}
