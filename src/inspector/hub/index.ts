/** `trunkline/inspector/hub`: what lets an inspector show frames. */
import type { AnyProtocol } from '../../protocol/index.ts';
import { frameChannel, isAsk } from '../frames/channel.ts';
import { FrameRecorder } from './frame-recorder.ts';
import { recordSockets } from './record-sockets.ts';

let isRecording = false;

/**
 * Keeps the last 500 frames of this script's WebSockets for the inspector, in both directions: to be called ahead of `startHub`, in the
 * same script. They lie in memory alone, up to 1 MiB of their payloads, and end with the script.
 *
 * Tokens are cut out before anything is kept. Payloads are told only where an inspector asks for them; any script of the origin can.
 * Each message is read a second time for it.
 */
export function recordFrames(protocol: AnyProtocol): void {
  if (isRecording) return;
  isRecording = true;
  const recorder = new FrameRecorder(Math.random().toString(36).slice(2), () => Date.now());
  recordSockets(globalThis, recorder);
  const channel = new BroadcastChannel(frameChannel(protocol.app));
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isAsk(data)) channel.postMessage(recorder.answer(data));
  };
}
