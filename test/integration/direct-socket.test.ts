import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { Uint8ArrayList } from 'uint8arraylist';
import { chunksOf, LARGE_SIZE_BYTES, READ_AHEAD_BYTES_MAX, writeAll } from '../../protocol/libp2p/direct-socket.js';
import { until } from '../support/until.js';

const KIB = 1024;
/** One read of Node's; it has as much lying ready. */
const READ_SIZE_BYTES = 64 * KIB;

describe('a socket read and written directly', () => {
  let server: Server;
  let [here, there]: readonly Socket[] = [];

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Safety: it listens by TCP.
    here = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [there] = (await once(server, 'connection')) as [Socket];
    for (const socket of [here, there]) socket.on('error', () => {});
  });
  afterEach(async () => {
    here?.destroy();
    there?.destroy();
    server.close();
    await once(server, 'close');
  });

  const ends = () => {
    if (here === undefined || there === undefined) throw new Error('not connected');
    return { here, there };
  };
  const listOf = async function* (pieces: readonly (readonly Uint8Array[])[]) {
    for (const piece of pieces) yield new Uint8ArrayList(...piece);
  };
  async function all(socket: Socket): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(socket)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it('carries what it is given, small and large, in pieces or whole, to the end', async () => {
    const { here, there } = ends();
    const sizes = [1, 2, LARGE_SIZE_BYTES - 1, LARGE_SIZE_BYTES, 200 * KIB, 3];
    const pieces = sizes.map((sizeBytes) => [new Uint8Array(randomBytes(sizeBytes)), new Uint8Array(randomBytes(sizeBytes))]);
    const coming = all(there);
    await writeAll(listOf(pieces), here);
    here.end();
    expect(Buffer.compare(await coming, Buffer.concat(pieces.flat()))).to.equal(0);
  });

  it('goes on where iterators of before have stopped', async () => {
    const { here, there } = ends();
    here.write(new Uint8Array([1]));
    const before = there[Symbol.asyncIterator]();
    expect((await before.next()).value).to.deep.equal(Buffer.from([1]));
    const coming = all(there);
    here.end(new Uint8Array([2, 3]));
    expect(await coming).to.deep.equal(Buffer.from([2, 3]));
  });

  it('reads no further ahead than its bound, and all of it once it is asked for', async () => {
    const { here, there } = ends();
    const chunks = chunksOf(there);
    const sent = new Uint8Array(8 * 1024 * KIB);
    const writing = writeAll(listOf([[sent]]), here);
    await until('the socket waits', () => there.isPaused());
    expect(there.bytesRead).to.be.within(READ_AHEAD_BYTES_MAX, READ_AHEAD_BYTES_MAX + 2 * READ_SIZE_BYTES);
    expect(here.writableLength, 'held back at its sender').to.be.greaterThan(0);
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes === sent.length) break;
    }
    await writing;
    expect(bytes).to.equal(sent.length);
    expect(there.destroyed, 'nobody reads on').to.equal(true);
  });

  it('waits for a peer that does not read, and for no longer than there is one', async () => {
    const { here, there } = ends();
    let taken = 0;
    const writing = writeAll(
      (async function* () {
        for (; taken < 1_000; taken += 1) yield new Uint8ArrayList(new Uint8Array(64 * KIB));
      })(),
      here,
    );
    await until('it waits', () => here.writableNeedDrain);
    const heldBytes = here.writableLength;
    expect(heldBytes).to.be.below(1024 * KIB);
    there.destroy();
    await writing;
    expect(taken).to.be.below(1_000);
  });

  it('says what ended it', async () => {
    const { here, there } = ends();
    const coming = all(there);
    there.destroy(new Error('cut off'));
    await coming.then(
      () => expect.fail('it ended well'),
      (error: unknown) => expect(error).to.have.property('message', 'cut off'),
    );
    here.destroy();
    expect(await all(here), 'of one that is gone').to.have.length(0);
  });
});
