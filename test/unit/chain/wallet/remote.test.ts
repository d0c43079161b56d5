import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { blake2AsU8a } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { createVerify, signerFromUri } from '../../../../chain/wallet/keys.js';
import { connectSigner, type RemoteSigner } from '../../../../chain/wallet/remote/client.js';
import { SIGNING_KINDS } from '../../../../chain/wallet/remote/policy.js';
import { CLIENTS_MAX, type SignerServer, startSignerServer } from '../../../../chain/wallet/remote/server.js';
import { SOCKET_PATH_BYTES_MAX } from '../../../../chain/wallet/remote/socket-path.js';
import { createFrameReader, encodeFrame, FRAME_SIZE_BYTES_MAX } from '../../../../chain/wallet/remote/wire.js';
import { type Failure, isFailure } from '../../../../protocol/failure.js';
import type { Verify } from '../../../../protocol/ports.js';
import { ALICE, signerContract } from '../../../contracts/signer.js';
import { quiet, temporaryDirectory } from '../../../support/temporary.js';

type Options = Parameters<typeof startSignerServer>[1];

describe('a signer in another process', () => {
  const folder = temporaryDirectory();
  const socket = join(folder.path, 's', 'signer.sock');
  const running: (SignerServer | RemoteSigner)[] = [];
  let verify: Verify;
  before(async () => {
    verify = await createVerify();
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await ('stop' in each ? each.stop() : each.close());
  });
  after(() => folder.remove());

  const everything = { kinds: new Set(SIGNING_KINDS), genesis: null, calls: null };
  async function serve(options: Partial<Options> = {}, uri = '//Alice'): Promise<SignerServer> {
    const server = await startSignerServer({ ...quiet, signer: await signerFromUri(uri) }, { socket, policy: everything, ...options });
    running.push(server);
    return server;
  }
  async function reach(timeoutMs = 2_000): Promise<RemoteSigner> {
    const signer = await connectSigner({ ...quiet, verify }, { socket, timeoutMs });
    running.push(signer);
    return signer;
  }
  async function failure(work: Promise<unknown>): Promise<Failure> {
    const outcome = await work.catch((error: unknown) => error);
    if (!isFailure(outcome)) throw new Error(`no failure but ${String(outcome)}`);
    return outcome;
  }
  const code = async (work: Promise<unknown>) => (await failure(work)).code;
  const text = (words: string) => new Uint8Array(Buffer.from(words));

  describe('keeps the contract', () => {
    let server: SignerServer;
    before(async () => {
      server = await serve();
      running.splice(0);
    });
    const opened: RemoteSigner[] = [];
    after(() => {
      for (const signer of opened) signer.close();
      return server.stop();
    });
    signerContract(
      'by a unix socket',
      async () => {
        const signer = await connectSigner({ ...quiet, verify: await createVerify() }, { socket });
        opened.push(signer);
        return signer;
      },
      ALICE,
    );
  });

  it('signs a long extrinsic by its digest, having seen the whole', async () => {
    await serve({ policy: { ...everything, kinds: new Set(['extrinsic']) } });
    const signer = await reach();
    const long = Buffer.alloc(300, 7);
    const digest = blake2AsU8a(long);
    const signature = await signer.sign(digest, { extrinsic: long });
    expect(verify(digest, signature, signer.hotkey)).to.equal(true);
    expect(await code(signer.sign(digest))).to.equal('signer.refused');
    const refused = await failure(signer.sign(text('anything')));
    expect(refused).to.include({ code: 'signer.refused', disposition: 'fatal' });
    expect(refused.message).to.include('bytes');
  });

  it('does not sign a digest that is not that of the extrinsic', async () => {
    await serve();
    const signer = await reach();
    expect(await code(signer.sign(blake2AsU8a(Buffer.alloc(300, 8)), { extrinsic: Buffer.alloc(300, 7) }))).to.equal('signer.bad_answer');
  });

  it('signs so often and no oftener', async () => {
    await serve({ rate: { intervalMs: 60_000, burst: 2 } });
    const signer = await reach();
    await signer.sign(text('1'));
    await signer.sign(text('2'));
    const tooFast = await failure(signer.sign(text('3')));
    expect(tooFast).to.include({ code: 'signer.too_fast', disposition: 'retry' });
    expect(tooFast.facts['waitMs']).to.be.within(50_000, 60_000);
  });

  it('is not there: says so, and what to start', async () => {
    const missing = await failure(reach(300));
    expect(missing).to.include({ code: 'signer.unreachable', disposition: 'retry' });
    expect(missing.message).to.include('there is no such socket');
    expect(missing.hint).to.include(`--socket ${socket}`);
  });

  it('comes back, and so does its client; with another key it does not', async () => {
    const first = await serve();
    const signer = await reach();
    await signer.sign(text('a'));
    await first.stop();
    const pending = signer.sign(text('b'));
    await serve();
    expect(verify(text('b'), await pending, signer.hotkey)).to.equal(true);
    for (const each of running.splice(0)) if ('stop' in each) await each.stop();
    await serve({}, '//Bob');
    const other = await failure(signer.sign(text('c')));
    expect(other).to.include({ code: 'signer.other_key', disposition: 'fatal' });
    signer.close();
    expect(await code(signer.sign(text('d')))).to.equal('signer.unreachable');
  });

  it('is asked whether it is there: at once, without a second attempt, and for its policy', async () => {
    const first = await serve({ policy: { kinds: new Set(['extrinsic']), calls: new Set(['7.0']), genesis: new Uint8Array(32) } });
    const signer = await reach(30_000);
    await signer.probe();
    expect(signer.policy()).to.deep.equal({ kinds: ['extrinsic'], calls: ['7.0'], genesis: `0x${'00'.repeat(32)}` });
    await first.stop();
    const askedAtMs = Date.now();
    expect(await code(signer.probe())).to.equal('signer.unreachable');
    expect(Date.now() - askedAtMs).to.be.lessThan(1_500);
    await serve();
    await signer.probe();
    expect(signer.policy().calls).to.equal(null);
  });

  it('replaces a dead socket, but no living one and no file', async () => {
    await serve();
    expect(await code(serve())).to.equal('signer.socket_taken');
    const file = join(folder.path, 's', 'file');
    await writeFile(file, '');
    expect(await code(serve({ socket: file }))).to.equal('signer.bad_path');
  });

  it('wants a place of its own', async () => {
    const shared = join(folder.path, 'shared');
    await mkdir(shared);
    await chmod(shared, 0o750);
    const open = await failure(serve({ socket: join(shared, 's') }));
    expect(open).to.include({ code: 'signer.open_to_others' });
    expect(open.facts).to.include({ path: shared, mode: '750', owner: 'you' });
    expect(await code(serve({ socket: 'relative/s' }))).to.equal('signer.bad_path');
    expect(await code(serve({ socket: `/${'x'.repeat(SOCKET_PATH_BYTES_MAX)}` }))).to.equal('signer.bad_path');
    await serve();
    await chmod(socket, 0o666);
    expect(await code(reach())).to.equal('signer.open_to_others');
  });

  /** A client with no manners: raw bytes out, answers in. */
  async function raw(): Promise<{ socket: Socket; next(): Promise<Record<string, unknown>>; ended: Promise<void> }> {
    const line = connect(socket);
    const reader = createFrameReader();
    const answers: Record<string, unknown>[] = [];
    let wake = () => {};
    line.on('error', () => undefined);
    line.on('data', (bytes) => {
      const frames = reader.read(bytes);
      for (const frame of frames.ok ? frames.value : []) answers.push(JSON.parse(frame.toString()));
      wake();
    });
    const ended = new Promise<void>((resolve) => line.once('close', () => resolve()));
    await new Promise<void>((resolve) => line.once('connect', () => resolve()));
    return {
      socket: line,
      ended,
      async next() {
        while (answers.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return answers.shift()!;
      },
    };
  }
  const frameOf = (value: unknown) => {
    const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
  };

  it('answers garbage with a reason, and goes on', async () => {
    await serve();
    const line = await raw();
    line.socket.write(frameOf('garbage'));
    expect(await line.next()).to.include({ id: 0, ok: false, code: 'signer.bad_request' });
    line.socket.write(frameOf({ v: 1, id: 3, op: 'sign', kind: 'bytes', subject: 'AAAA' }));
    expect(await line.next()).to.include({ id: 3, ok: false, code: 'signer.bad_request' });
    line.socket.write(frameOf({ v: 9, id: 4, op: 'identity' }));
    expect(await line.next()).to.deep.include({ id: 4, code: 'signer.wrong_version', facts: { signer: 1, caller: 9 } });
    line.socket.write(frameOf({ v: 1, id: 5, op: 'sign', kind: 'bytes', subject: 'AAAA', expiresAtMs: Date.now() - 5_000 }));
    expect(await line.next()).to.include({ id: 5, code: 'signer.expired' });
    line.socket.write(frameOf({ v: 1, id: 6, op: 'identity' }));
    expect(await line.next()).to.include({ id: 6, ok: true, hotkey: ALICE });
    line.socket.destroy();
  });

  it('cuts off who announces too much, or begins a frame and does not end it', async () => {
    await serve({ frameTimeoutMs: 50 });
    const large = await raw();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(FRAME_SIZE_BYTES_MAX + 1);
    large.socket.write(length);
    expect(await large.next()).to.include({ code: 'signer.bad_request' });
    await large.ended;

    const slow = await raw();
    const drip = setInterval(() => slow.socket.write(Buffer.of(0)), 10);
    slow.socket.write(Buffer.of(0, 0, 1));
    await slow.ended;
    clearInterval(drip);
    expect((await reach()).hotkey, 'others are served as before').to.equal(ALICE);
  });

  it('serves so many clients and no more', async () => {
    await serve();
    const lines = [];
    for (let i = 0; i < CLIENTS_MAX; i += 1) lines.push(await raw());
    lines.at(-1)!.socket.write(frameOf({ v: 1, id: 1, op: 'identity' }));
    await lines.at(-1)!.next();
    expect(await code(reach(300))).to.equal('signer.busy');
    for (const line of lines) line.socket.destroy();
    await Promise.all(lines.map((line) => line.ended));
  });

  it('is doubted: silence, nonsense and signatures of another key are failures', async () => {
    const answers: ((request: { id: number; op: string }) => unknown)[] = [];
    const fake = createServer((line) => {
      const reader = createFrameReader();
      line.on('error', () => undefined);
      line.on('data', (bytes) => {
        const frames = reader.read(bytes);
        for (const frame of frames.ok ? frames.value : []) {
          const answer = answers.shift()?.(JSON.parse(frame.toString()));
          if (answer !== undefined) line.write(frameOf(answer));
        }
      });
    });
    await mkdir(join(folder.path, 's'), { recursive: true, mode: 0o700 });
    await new Promise<void>((resolve) => fake.listen(socket, resolve));
    await chmod(socket, 0o600);
    const self = ({ id }: { id: number }) => ({ v: 1, id, ok: true, hotkey: ALICE, kinds: ['bytes'], calls: null, genesis: null });
    try {
      answers.push(() => undefined);
      expect(await code(reach(200))).to.equal('signer.timeout');
      answers.push(() => 'nonsense');
      expect(await code(reach(500))).to.equal('signer.bad_answer');
      answers.push(({ id }) => ({ v: 1, id, ok: false, code: 'signer.wrong_version', facts: { signer: 2, caller: 1 } }));
      expect(await code(reach(500))).to.equal('signer.wrong_version');
      answers.push(self, ({ id }) => ({ v: 1, id, ok: true, signature: '00'.repeat(64) }));
      expect(await code((await reach(500)).sign(text('x')))).to.equal('signer.bad_answer');
      answers.push(self, () => undefined);
      expect(await code((await reach(200)).sign(text('x')))).to.equal('signer.timeout');
    } finally {
      for (const each of running.splice(0)) if ('close' in each) each.close();
      await new Promise<void>((resolve) => fake.close(() => resolve()));
    }
  });

  it('encodes what it reads', () => {
    const frame = encodeFrame({ v: 1, id: 1, op: 'identity' });
    expect(frame.readUInt32BE()).to.equal(frame.length - 4);
  });
});
