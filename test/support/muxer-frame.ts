/** A frame of yamux. `type`: 0 data, 1 window, 2 ping, 3 farewell. `flag`: 1 opens, 2 takes, 4 closes, 8 resets. `length`: of the data, or the number that others carry. */
export function muxerFrame(type: number, flag: number, streamId: number, length = 0, data: Uint8Array = new Uint8Array()): Uint8Array {
  const head = Buffer.alloc(12);
  head.writeUInt8(type, 1);
  head.writeUInt16BE(flag, 2);
  head.writeUInt32BE(streamId, 4);
  head.writeUInt32BE(length, 8);
  return new Uint8Array(Buffer.concat([head, data]));
}
