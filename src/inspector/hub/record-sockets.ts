/** How the sockets of a script are listened to, without its knowing. */
import { SUBPROTOCOL } from '../../protocol/version.ts';
import type { FrameRecorder, SocketRecorder } from './frame-recorder.ts';

/** From now on what is made by `new WebSocket` here is recorded. */
export function recordSockets(scope: { WebSocket: typeof WebSocket }, recorder: FrameRecorder): void {
  scope.WebSocket = class extends scope.WebSocket {
    readonly #recorder: SocketRecorder;

    constructor(...given: ConstructorParameters<typeof WebSocket>) {
      super(...given);
      const [, protocols] = given;
      const socket = recorder.socket(new URL(this.url).origin, protocols !== SUBPROTOCOL);
      this.#recorder = socket;
      // Ahead of whoever made it, so that what is recorded comes before what follows from it.
      this.addEventListener('open', () => socket.opened());
      this.addEventListener('message', ({ data }) => socket.message('in', data));
      this.addEventListener('close', ({ code, reason }) => socket.closed(code, reason));
    }

    override send(data: Parameters<WebSocket['send']>[0]): void {
      super.send(data);
      this.#recorder.message('out', data);
    }
  };
}
