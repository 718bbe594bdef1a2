/** The WebSocket subprotocol token, and so the version of the wire. */
export const SUBPROTOCOL = 'trunkline.v1';
