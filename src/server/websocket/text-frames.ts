/**
 * A text as the bytes of one WebSocket frame (RFC 6455, section 5.2: whole, unmasked as a server's are, not compressed). What
 * goes to many sockets in turn is encoded once, and each socket takes it by one write.
 */

const WHOLE_TEXT = 0x81;
/** The first byte of the length says that two bytes follow which do, or eight. */
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;
/** A larger one is not kept: it is a part of somebody's state, which goes to one client. */
const KEPT_BYTES = 65_536;

export class TextFrames {
  #text = '';
  #frame = encode('');

  /** The bytes may be on their way to other sockets: nobody writes into them. */
  of(text: string): Buffer {
    if (text === this.#text) return this.#frame;
    const frame = encode(text);
    if (frame.length <= KEPT_BYTES) {
      this.#text = text;
      this.#frame = frame;
    }
    return frame;
  }
}

function encode(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = headOf(length);
  const frame = Buffer.allocUnsafe(head.length + length);
  head.copy(frame);
  frame.write(text, head.length);
  return frame;
}

function headOf(length: number): Buffer {
  if (length < TWO_BYTES) return Buffer.from([WHOLE_TEXT, length]);
  if (length <= 0xffff) {
    const head = Buffer.from([WHOLE_TEXT, TWO_BYTES, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.from([WHOLE_TEXT, EIGHT_BYTES, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
