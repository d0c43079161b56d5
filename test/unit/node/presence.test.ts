import { expect } from 'chai';
import { commitmentBytes, commitmentMatches, commitmentOf } from '../../../chain/commitment.js';
import { chainFailure } from '../../../chain/failures.js';
import { NO_METRICS } from '../../../node/metrics.js';
import { createPostbox } from '../../../node/network/postbox.js';
import { createPresence, type OfferedModel, type PresenceOptions } from '../../../node/network/presence.js';
import { decodeAnnouncement } from '../../../protocol/announcement.js';
import { openEnvelope } from '../../../protocol/envelope.js';
import { KINDS } from '../../../protocol/kinds.js';
import type { Signer } from '../../../protocol/ports.js';
import { createRateLimiter } from '../../../protocol/rate.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createRecordingLog } from '../../support/recording-log.js';

const SELF = aHotkey('self');
// Safety: nobody checks the signatures of this node here.
const SIGNER: Signer = { hotkey: SELF, sign: async () => new Uint8Array(64) };
const OFFERED: OfferedModel = { model: aModel(1), manifestSizeBytes: 500, sizeBytes: 9_000 };
const AXON = { ip: '203.0.113.7', port: 4004 };
const PEER_KEY = new Uint8Array(32).fill(7);
const INTERVAL_MS = 600_000;

interface Setup {
  readonly offered?: OfferedModel | null;
  readonly axon?: PresenceOptions['axon'];
  readonly registered?: boolean;
  readonly dryRun?: boolean;
}

function setUp({ offered = null, axon = null, registered = true, dryRun = false }: Setup = {}) {
  const chain = createFakeChain({ netuid: 7 });
  if (registered) chain.register(SELF);
  const stores = createMemoryStores();
  const clock = createManualClock();
  const { log, warnings, lines } = createRecordingLog();
  const posted: Uint8Array[] = [];
  const network = { listeners: 3 };
  const gossip = {
    async publish(_kind: string, envelope: Uint8Array) {
      posted.push(envelope);
      return { recipients: network.listeners };
    },
    onMessage: () => () => {},
  };
  const start = () =>
    createPresence(
      {
        chain: chain.writer,
        signer: SIGNER,
        postbox: createPostbox(
          { signer: SIGNER, gossip, sequences: stores.sequences, clock, metrics: NO_METRICS, finalizedBlock: () => chain.head().number },
          { network: { genesis: chain.genesis, netuid: 7 } },
        ),
        announcements: stores.announcements,
        clock,
        log,
        peerKey: PEER_KEY,
        addresses: () => ['/ip4/203.0.113.7/tcp/4004/p2p/a', '/b', '/c', '/d', '/e'],
        offered,
      },
      { netuid: 7, axon, announceIntervalMs: INTERVAL_MS, dryRun },
    );
  const presence = start();
  return {
    chain,
    stores,
    clock,
    warnings,
    lines,
    posted,
    network,
    presence,
    start,
    turn: async (of = presence) => of.turn(await chain.reader.snapshot(7)),
    written: () =>
      chain.calls.filter(({ operation }) => operation === 'serveAxon' || operation === 'setCommitment').map(({ operation }) => operation),
    self: async () => (await chain.reader.snapshot(7)).neurons.find(({ hotkey }) => hotkey === SELF),
    commit: () => chain.commit(SELF, commitmentBytes(commitmentOf(SELF, OFFERED.model))),
  };
}

describe('presence', () => {
  it('writes the axon once, with the transport key, and not again after a restart', async () => {
    const { turn, written, self, chain, start } = setUp({ axon: AXON });
    await turn();
    expect((await self())?.axon).to.deep.include({ ...AXON, peerKey: '07'.repeat(32) });
    chain.advance(100);
    await turn();
    await turn(start());
    expect(written()).to.deep.equal(['serveAxon']);
  });

  it('writes nothing on a dry run, and says once what it would write', async () => {
    const { turn, written, chain, lines, posted } = setUp({ axon: AXON, offered: OFFERED, dryRun: true });
    for (let i = 0; i < 3; i += 1) {
      await turn();
      chain.advance(20);
    }
    expect([written(), posted]).to.deep.equal([[], []]);
    expect(lines.filter((line) => line.includes('dry run'))).to.have.length(2);
  });

  it('writes the axon again when the chain says something else', async () => {
    const axon = { ...AXON, protocol: 4, version: 1, block: 1 };
    for (const other of [
      { ...axon, ip: '203.0.113.8', peerKey: '07'.repeat(32) },
      { ...axon, port: 1, peerKey: '07'.repeat(32) },
      { ...axon, peerKey: '08'.repeat(32) },
    ]) {
      const { turn, written, chain } = setUp({ axon: AXON });
      chain.patch(SELF, { axon: other });
      await turn();
      expect(written()).to.deep.equal(['serveAxon']);
    }
  });

  it('takes an axon without key for its own: older runtimes have no place for it', async () => {
    const { turn, written, chain } = setUp({ axon: AXON });
    chain.patch(SELF, { axon: { ...AXON, protocol: 4, version: 1, block: 1, peerKey: null } });
    await turn();
    expect(written()).to.deep.equal([]);
  });

  it('writes nothing that is not wanted, and nothing before it is registered', async () => {
    for (const setup of [{}, { axon: AXON, offered: OFFERED, registered: false }]) {
      const { turn, written, posted } = setUp(setup);
      await turn();
      expect(written()).to.deep.equal([]);
      expect(posted).to.deep.equal([]);
    }
  });

  it('rests ten blocks after a refusal, says what was refused, and tries again', async () => {
    const { turn, written, chain, warnings } = setUp({ axon: AXON });
    chain.failNext('serveAxon', chainFailure('chain.rate_limited', { blocksLeft: 3 }));
    await turn();
    expect(warnings).to.deep.equal(['the chain does not take it yet (chain.rate_limited)']);
    chain.advance(9);
    await turn();
    expect(written()).to.have.length(1);
    chain.advance();
    await turn();
    expect(written()).to.have.length(2);
  });

  it('lets the commitment go on while the axon rests', async () => {
    const { turn, written, chain } = setUp({ axon: AXON, offered: OFFERED });
    chain.failNext('serveAxon', chainFailure('chain.rate_limited', { blocksLeft: 3 }));
    await turn();
    expect(written()).to.deep.equal(['serveAxon', 'setCommitment']);
  });

  it('commits first and shows the model only once that is final', async () => {
    const { turn, written, posted, self, stores, chain } = setUp({ offered: OFFERED });
    await turn();
    expect(written()).to.deep.equal(['setCommitment']);
    expect(posted).to.deep.equal([]);
    const commitment = (await self())?.commitment;
    expect(commitment && commitmentMatches(commitment, SELF, OFFERED.model)).to.equal(true);
    await turn();
    expect(written()).to.deep.equal(['setCommitment']);
    expect(posted).to.have.length(1);
    const opened = openEnvelope(posted[0]!);
    expect(opened.ok && opened.value.body).to.deep.include({
      kind: 'announce',
      hotkey: SELF,
      netuid: 7,
      referenceBlock: chain.head().number,
    });
    const announced = opened.ok ? decodeAnnouncement(opened.value.body.payload) : null;
    expect(announced?.ok && announced.value).to.deep.equal({
      ...OFFERED,
      commitmentBlock: commitment?.block,
      providers: ['/ip4/203.0.113.7/tcp/4004/p2p/a', '/b', '/c', '/d'],
    });
    const [kept] = await stores.announcements.active(0);
    expect(kept).to.deep.include({ hotkey: SELF, model: OFFERED.model, commitmentBlock: commitment?.block, envelope: posted[0] });
    expect(opened.ok && opened.value.body.sequence).to.equal(kept?.sequence);
  });

  it('writes its commitment again that is older than its registration, or of another model', async () => {
    const { turn, written, chain, self, commit } = setUp({ offered: OFFERED });
    commit();
    const before = (await self())!.commitment!;
    chain.deregister(SELF);
    chain.register(SELF);
    chain.patch(SELF, { commitment: before });
    await turn();
    expect(written()).to.deep.equal(['setCommitment']);
    const again = await self();
    expect(again!.commitment!.block).to.be.at.least(again!.registeredAt);

    const other = setUp({ offered: OFFERED });
    other.chain.commit(SELF, commitmentBytes(commitmentOf(SELF, aModel(2))));
    await other.turn();
    expect(other.written()).to.deep.equal(['setCommitment']);
    expect(other.posted).to.deep.equal([]);
  });

  it('announces on schedule, and for peers that arrive, but not more often than every twenty seconds', async () => {
    const { turn, posted, clock, presence, commit } = setUp({ offered: OFFERED });
    commit();
    const announcedAfter = async (ms: number) => {
      clock.pass(ms);
      await turn();
      return posted.length;
    };
    expect(await announcedAfter(0)).to.equal(1);
    expect(await announcedAfter(20_000), 'nobody came').to.equal(1);
    presence.peerArrived();
    expect(await announcedAfter(0)).to.equal(2);
    presence.peerArrived();
    expect(await announcedAfter(19_999)).to.equal(2);
    expect(await announcedAfter(1), 'the peer is not forgotten').to.equal(3);
    expect(await announcedAfter(INTERVAL_MS - 1)).to.equal(3);
    expect(await announcedAfter(1)).to.equal(4);
  });

  it('says no more than the others take, though peers come and go all the time', async () => {
    const { turn, posted, clock, presence, commit } = setUp({ offered: OFFERED });
    commit();
    const others = createRateLimiter(KINDS.announce, 1);
    for (let second = 0; second < 1_800; second += 1) {
      presence.peerArrived();
      const before = posted.length;
      await turn();
      if (posted.length > before) expect(others.take('us', clock.nowMs()), `announcement ${posted.length}`).to.equal(true);
      clock.pass(1_000);
    }
    expect(posted.length).to.be.within(30, 36);
  });

  it('tries often until somebody listens', async () => {
    const { turn, posted, clock, network, commit } = setUp({ offered: OFFERED });
    commit();
    network.listeners = 0;
    for (const [ms, expected] of [
      [0, 1],
      [1_499, 1],
      [1, 2],
      [1_500, 3],
    ] as const) {
      clock.pass(ms);
      await turn();
      expect(posted).to.have.length(expected);
    }
    network.listeners = 1;
    clock.pass(1_500);
    await turn();
    clock.pass(1_500);
    await turn();
    expect(posted).to.have.length(4);
  });

  it('keeps its own announcement fresh when the clock of the machine goes back', async () => {
    const { turn, start, clock, stores, posted, commit } = setUp({ offered: OFFERED });
    commit();
    await turn();
    clock.pass(-60_000);
    await turn(start());
    const [kept] = await stores.announcements.active(0);
    expect(posted).to.have.length(2);
    expect(kept?.envelope).to.deep.equal(posted[1]);
  });
});
