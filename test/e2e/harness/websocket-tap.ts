/**
 * Reads the text messages out of one direction of a WebSocket's bytes (https://www.rfc-editor.org/rfc/rfc6455#section-5.2),
 * and the HTTP head before them. Without extensions, such as compression.
 */
export function createTap(tapped: {
  onHead: (head: string) => void;
  onText: (text: string) => void;
}): (chunk: Buffer) => void {
  let bytes = Buffer.alloc(0);
  let isPastHead = false;
  let fragments: Buffer[] = [];
  let isText = false;
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!isPastHead) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) return;
      tapped.onHead(bytes.subarray(0, end).toString());
      bytes = bytes.subarray(end + 4);
      isPastHead = true;
    }
    for (let frame = readFrame(bytes); frame; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.end);
      if (frame.opcode >= 8) continue;
      if (frame.opcode !== 0) isText = frame.opcode === 1;
      fragments.push(frame.payload);
      if (!frame.isFinal) continue;
      if (isText) tapped.onText(Buffer.concat(fragments).toString());
      fragments = [];
    }
  };
}

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
  readonly end: number;
}

/** `null` where the frame has not arrived whole. */
function readFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  let length = second & 0x7f;
  let at = 2;
  if (length >= 126) {
    const size = length === 126 ? 2 : 8;
    if (bytes.length < at + size) return null;
    length = size === 2 ? bytes.readUInt16BE(at) : Number(bytes.readBigUInt64BE(at));
    at += size;
  }
  const isMasked = (second & 0x80) !== 0;
  const mask = bytes.subarray(at, at + 4);
  if (isMasked) at += 4;
  if (bytes.length < at + length) return null;
  const payload = Buffer.from(bytes.subarray(at, at + length));
  if (isMasked) {
    for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  }
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload, end: at + length };
}
