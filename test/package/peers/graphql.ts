import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

// By Node itself: Vitest would find another build of graphql (`development`) than graphql-ws does, and two do not work together.
const required = createRequire(import.meta.url);
const { buildSchema, GraphQLError }: typeof import('graphql') = required('graphql');
const { useServer: serve }: typeof import('graphql-ws/use/ws') = required('graphql-ws/use/ws');

interface Order {
  readonly id: string;
  readonly state: string;
}

const SCHEMA = buildSchema(`
  type Order { id: ID! state: String! }
  type Query { orders: [Order!]! }
  type Mutation { approve(id: ID!): Order! }
  type Subscription { orderChanged: Order! }
`);

/** The real server of graphql-ws; its orders are open until they are approved. */
export class GraphQLServer {
  readonly orders = new Map([
    ['1', 'open'],
    ['2', 'open'],
  ]);
  readonly tokens = new Set(['valid']);
  /** What each connection began with. */
  readonly asked: string[] = [];
  readonly #server: WebSocketServer;
  /** Whoever follows the changes. */
  readonly #followers = new Set<(order: Order) => void>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    const roots = {
      query: { orders: () => [...this.orders].map(([id, state]) => ({ id, state })) },
      mutation: { approve: ({ id }: { id: string }) => this.#approve(id) },
      subscription: { orderChanged: () => this.#changes() },
    };
    const onConnect = ({
      connectionParams,
    }: {
      readonly connectionParams?: Readonly<Record<string, unknown>>;
    }) => {
      const token = String(connectionParams?.['token']);
      this.asked.push(token);
      return this.tokens.has(token);
    };
    serve({ schema: SCHEMA, roots, onConnect }, server);
  }

  static async start(): Promise<GraphQLServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' });
    await once(server, 'listening');
    return new GraphQLServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`;
  }

  get sockets(): number {
    return this.#server.clients.size;
  }

  get followers(): number {
    return this.#followers.size;
  }

  change(id: string, state: string): void {
    this.orders.set(id, state);
    for (const tell of this.#followers) tell({ id, state });
  }

  cut(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #approve(id: string): Order {
    if (this.orders.get(id) !== 'open') throw new GraphQLError('it is not open');
    this.change(id, 'approved');
    return { id, state: 'approved' };
  }

  #changes(): AsyncIterable<{ orderChanged: Order }> {
    let tell: (order: Order) => void;
    const changes = new ReadableStream<{ orderChanged: Order }>({
      start: (controller) => {
        tell = (orderChanged) => controller.enqueue({ orderChanged });
        this.#followers.add(tell);
      },
      cancel: () => void this.#followers.delete(tell),
    });
    // It is asked for its iterator more than once.
    return changes.values();
  }
}
