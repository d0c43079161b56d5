import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createPeerFile } from '../../../node/files/peer-file.js';
import { NO_METRICS } from '../../../node/metrics.js';
import { createHavePublisher, HINT_AGAIN_MS, HINT_REST_MS } from '../../../node/network/have-hints.js';
import { createRecordPublisher, RECORD_REST_MS } from '../../../node/network/node-record.js';
import { AWAY_MS_MIN, createOfferExchange, OFFERS_AGAIN_MS, SAME_PEER_REST_MS } from '../../../node/network/offers.js';
import { UNHEARD_REST_MS } from '../../../node/network/postbox.js';
import { createReachability, inWords, isReachable, isUnreachable } from '../../../node/network/reachability.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { decodeHave } from '../../../protocol/have-hint.js';
import type { MessageKind } from '../../../protocol/kinds.js';
import type { ModelDigest } from '../../../protocol/names.js';
import { type PeerId, peerIdFromKey } from '../../../protocol/peer-id.js';
import type { Peer, Reached } from '../../../protocol/ports.js';
import { PROBE_PHASES, PROBE_REFUSALS } from '../../../protocol/probe.js';
import { peerStoreContract } from '../../contracts/peer-store.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryPeers } from '../../support/memory-peers.js';
import { createRecordingLog } from '../../support/recording-log.js';

const SELF = aHotkey('self');

describe('known peers on disk', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'voxd-peers-'));
  });
  after(() => rm(directory, { recursive: true }));
  let files = 0;
  const { log, warnings } = createRecordingLog();

  peerStoreContract('file', async () => {
    files += 1;
    const path = join(directory, `peers-${files}.json`);
    return () => createPeerFile({ log }, path);
  });
  peerStoreContract('memory', async () => {
    const store = createMemoryPeers();
    return () => store;
  });

  it('are begun anew where the file is damaged, and it is said', async () => {
    const path = join(directory, 'damaged.json');
    for (const text of ['{', '[]', '{"format":"voxd-peers/1","peers":[{"hotkey":"x"}]}', 'x'.repeat(1024 * 1024 + 1)]) {
      await writeFile(path, text);
      expect(await createPeerFile({ log }, path).load()).to.deep.equal([]);
    }
    expect(warnings).to.have.length(4);
    await createPeerFile({ log }, path).save([]);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });
});

describe('our node record', () => {
  function setUp() {
    const chain = createFakeChain({ netuid: 7 });
    chain.register(SELF);
    const clock = createManualClock();
    const world = { record: Uint8Array.of(1), recipients: 2 };
    const posted: { kind: MessageKind; payload: Uint8Array }[] = [];
    const publisher = createRecordPublisher({
      discovery: { ownRecord: async () => world.record },
      postbox: {
        post: async (kind, payload) => {
          posted.push({ kind, payload });
          return { envelope: payload, sequence: 1n, recipients: world.recipients };
        },
      },
      self: SELF,
      clock,
      log: createRecordingLog().log,
    });
    const turn = async () => publisher.turn(await chain.reader.snapshot(7));
    return { chain, clock, world, posted, turn };
  }

  it('is said once, again when it is a new one, and again until somebody listens', async () => {
    const { clock, world, posted, turn } = setUp();
    world.recipients = 0;
    await turn();
    await turn();
    expect(posted).to.deep.equal([{ kind: 'record', payload: Uint8Array.of(1) }]);
    // What nobody heard is not waited for as long as what was heard.
    clock.pass(UNHEARD_REST_MS);
    world.recipients = 1;
    await turn();
    clock.pass(RECORD_REST_MS);
    await turn();
    expect(posted).to.have.length(2);
    world.record = Uint8Array.of(2);
    await turn();
    expect(posted.at(-1)?.payload).to.deep.equal(Uint8Array.of(2));
  });

  it('is not said by a hotkey that is not registered', async () => {
    const { chain, posted, turn } = setUp();
    chain.deregister(SELF);
    await turn();
    expect(posted).to.deep.equal([]);
  });
});

describe('hints of what is here', () => {
  it('name each model soon after it came and again while it is here, 16 at a time', async () => {
    const chain = createFakeChain({ netuid: 7 });
    chain.register(SELF);
    const clock = createManualClock();
    const here = new Set<ModelDigest>();
    const posted: (readonly ModelDigest[])[] = [];
    const world = { recipients: 0 };
    const publisher = createHavePublisher({
      cache: { list: async () => [...here].map((model) => ({ model, sizeBytes: 1 })) },
      postbox: {
        post: async (kind, payload, lifetimeMs) => {
          expect([kind, lifetimeMs]).to.deep.equal(['have', 3_600_000]);
          const read = decodeHave(payload);
          posted.push(read.ok ? read.value : []);
          return { envelope: payload, sequence: 1n, recipients: world.recipients };
        },
      },
      self: SELF,
      clock,
      log: createRecordingLog().log,
    });
    const turn = async () => {
      posted.splice(0);
      await publisher.turn(await chain.reader.snapshot(7));
      clock.pass(world.recipients === 0 ? UNHEARD_REST_MS : HINT_REST_MS);
      return posted.flat();
    };
    expect(await turn()).to.deep.equal([]);
    here.add(aModel(1));
    expect(await turn()).to.deep.equal([aModel(1)]);
    world.recipients = 1;
    expect(await turn(), 'nobody had listened').to.deep.equal([aModel(1)]);
    expect(await turn()).to.deep.equal([]);
    for (let n = 2; n <= 20; n += 1) here.add(aModel(n));
    const named = [...(await turn()), ...(await turn())];
    expect(named).to.have.members([...here].slice(1));
    expect(await turn()).to.deep.equal([]);
    here.delete(aModel(2));
    clock.pass(HINT_AGAIN_MS);
    const again = await turn();
    expect(again).to.have.length(16);
    expect(again).to.include(aModel(1));
    expect(await turn()).to.have.length(3);
    chain.deregister(SELF);
    clock.pass(HINT_AGAIN_MS);
    expect(await turn()).to.deep.equal([]);
  });
});

describe('announcements of before', () => {
  function rig() {
    const clock = createManualClock();
    const peer = (n: number, hotkey = true): Peer => ({
      peerId: peerIdFromKey(new Uint8Array(32).fill(n)),
      hotkey: hotkey ? aHotkey(n) : null,
      address: '',
      direction: 'outbound',
      connectedAtMs: 0,
      score: 0,
    });
    const peers = [peer(1), peer(2, false), peer(3), peer(4)];
    const asked: PeerId[] = [];
    const exchange = createOfferExchange({
      offers: {
        serveOffers: () => {},
        collectOffers: async (from) => {
          asked.push(from);
          if (from === peer(3).peerId) throw protocolFailures('p2p.offers_failed', { peer: from });
          return 0;
        },
      },
      peers: { peers: () => peers },
      announcements: { active: async () => [] },
      hear: async () => ({ action: 'accept', value: null }),
      clock,
      log: createRecordingLog().log,
    });
    const turn = async () => {
      asked.splice(0);
      await exchange.turn(new AbortController().signal);
      return asked.map((id) => peers.findIndex(({ peerId }) => peerId === id));
    };
    return { clock, peer, peers, turn };
  }

  it('are asked of who is back after having been away: each half of a partition has heard what the other has not', async () => {
    const { clock, peer, peers, turn } = rig();
    peers.push(peer(5), peer(6), peer(7));
    expect(await turn()).to.deep.equal([0, 2, 3, 4, 5]);
    const gone = peers.splice(3);
    expect(await turn()).to.deep.equal([]);
    clock.pass(AWAY_MS_MIN - 1);
    peers.push(gone.shift()!);
    expect(await turn(), 'a moment is nothing').to.deep.equal([]);
    clock.pass(1);
    peers.push(...gone);
    expect(await turn(), 'the last was never asked').to.deep.equal([4, 5]);
    let answers = 0;
    for (let times = 0; times < 60; times += 1) {
      const [away] = peers.splice(4, 1);
      await turn();
      clock.pass(AWAY_MS_MIN);
      peers.splice(4, 0, away!);
      answers += (await turn()).filter((index) => index === 4).length;
    }
    expect(answers, 'in ten minutes of coming and going').to.be.within(5, 7);
  });

  it('are asked of the first four proved peers that answer, then of one more now and then, and of nobody again within the hour', async () => {
    const { clock, peer, peers, turn } = rig();
    expect(await turn()).to.deep.equal([0, 2, 3]);
    expect(await turn()).to.deep.equal([]);
    peers.push(peer(5), peer(6), peer(7));
    expect(await turn()).to.deep.equal([4, 5]);
    clock.pass(OFFERS_AGAIN_MS);
    expect(await turn()).to.deep.equal([6]);
    clock.pass(SAME_PEER_REST_MS - OFFERS_AGAIN_MS);
    expect(await turn()).to.deep.equal([0]);
    expect(await turn()).to.deep.equal([]);
  });
});

describe('reachability', () => {
  const answer = (outcome: Reached['outcome'], reason: string | null): Reached => ({
    peerId: peerIdFromKey(new Uint8Array(32)),
    hotkey: aHotkey(1),
    address: '/ip4/203.0.113.7/tcp/4010',
    outcome,
    reason,
    observed: '',
  });

  it('is asked for when announced, seldom while it is there and more often while it is not', async () => {
    const clock = createManualClock();
    const { log, warnings } = createRecordingLog();
    const answers = [answer('failed', 'tcp')];
    const asked: number[] = [];
    const discovery = {
      reachedBy: async (max: number) => {
        asked.push(max);
        return [...answers];
      },
    };
    const keeper = createReachability({ discovery, clock, log, metrics: NO_METRICS }, { announced: true });
    expect(keeper.view()).to.equal(null);
    await keeper.turn();
    await keeper.turn();
    expect(asked).to.deep.equal([2]);
    expect(warnings).to.have.length(1);
    clock.pass(5 * 60_000);
    answers.push(answer('reached', null));
    await keeper.turn();
    clock.pass(5 * 60_000);
    await keeper.turn();
    expect(asked).to.have.length(2);
    clock.pass(25 * 60_000);
    await keeper.turn();
    expect(asked).to.have.length(3);
    const silent = createReachability({ discovery, clock, log, metrics: NO_METRICS }, { announced: false });
    await silent.turn();
    expect(asked).to.have.length(3);
    await silent.check();
    expect(asked.at(-1)).to.equal(4);
  });

  it('is there when one came through, and not when somebody tried in vain', () => {
    const of = (...answers: Reached[]) => ({ atMs: 0, answers });
    expect(isReachable(of(answer('failed', 'tcp'), answer('reached', null)))).to.equal(true);
    expect(isUnreachable(of(answer('failed', 'tcp'), answer('refused', 'busy')))).to.equal(true);
    expect(isUnreachable(of(answer('refused', 'busy'), answer('no_answer', 'late')))).to.equal(false);
    expect(isUnreachable(of())).to.equal(false);
  });

  it('has words for every answer', () => {
    for (const phase of PROBE_PHASES) expect(inWords(answer('failed', phase))).to.match(new RegExp(`^failed at ${phase}: (?!unknown)`));
    for (const why of PROBE_REFUSALS) expect(inWords(answer('refused', why))).to.match(/^did not try: .{20}/);
  });
});
