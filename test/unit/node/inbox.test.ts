import { expect } from 'chai';
import { createLogger } from '../../../node/logger.js';
import { NO_METRICS } from '../../../node/metrics.js';
import { createInbox } from '../../../node/network/inbox.js';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import { openEnvelope } from '../../../protocol/envelope.js';
import { FROZEN_BLOCKS } from '../../../protocol/equivocation.js';
import { encodeHave } from '../../../protocol/have-hint.js';
import { createHolders } from '../../../protocol/holders.js';
import { createMessageGate } from '../../../protocol/message-gate.js';
import type { Verifier } from '../../../protocol/ports.js';
import { aModel } from '../../support/keys.js';
import { createMemoryBus } from '../../support/memory-gossip.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { seal, systemClock, TEST_NETWORK } from '../../support/network.js';
import { devPerson } from '../../support/people.js';
import { brokenVerifier, localVerifier } from '../../support/verifier.js';

const payload = (n: number) =>
  encodeAnnouncement({ model: aModel(n), manifestSizeBytes: 100, sizeBytes: 1000, commitmentBlock: 5, providers: [] });

describe('the inbox', () => {
  async function open(verifier: Verifier, stores = createMemoryStores(), block = 100) {
    const alice = await devPerson('Alice');
    const bus = createMemoryBus((a, b) => `${a}${b}`.match(/^(ab|ba|bc|cb)$/) !== null);
    const [from, at, beyond] = [bus.join('a'), bus.join('b'), bus.join('c')];
    const heard: Uint8Array[] = [];
    const holders = createHolders();
    beyond.onMessage('announce', async (bytes) => {
      heard.push(bytes);
      return { action: 'accept', value: null };
    });
    const inbox = createInbox(
      {
        gossip: at,
        gate: createMessageGate({ network: TEST_NETWORK }),
        verifier,
        stores,
        clock: systemClock,
        log: createLogger({ level: 'silent' }),
        metrics: NO_METRICS,
        members: () => ({ registered: new Set([alice.hotkey]), permitted: new Set() }),
        finalizedBlock: () => block,
        holders,
      },
      { netuid: 7, schedule: { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 }, scorer: 'aa' },
    );
    await inbox.open();
    return { alice, stores, heard, holders, from, inbox, say: (bytes: Uint8Array) => from.publish('announce', bytes) };
  }

  it('keeps hints of who holds what until they end, and takes what came by another way like gossip', async () => {
    const { alice, holders, from, inbox, stores } = await open(localVerifier);
    const nowMs = systemClock.nowMs();
    await from.publish('have', await seal(alice, 'have', encodeHave([aModel(1)]), { lifetimeMs: 60_000 }));
    expect(holders.of(aModel(1), nowMs)).to.deep.equal([alice.hotkey]);
    expect(holders.of(aModel(1), nowMs + 61_000)).to.deep.equal([]);
    const announced = await seal(alice, 'announce', payload(1));
    const forged = await seal(await devPerson('Bob'), 'announce', payload(1), { signedBy: alice });
    expect((await inbox.hear('announce', announced, 'a peer')).action).to.equal('accept');
    expect(await inbox.hear('announce', announced, 'a peer')).to.deep.equal({ action: 'ignore', reason: 'message.duplicate' });
    expect(await inbox.hear('announce', forged, 'a peer')).to.deep.equal({ action: 'ignore', reason: 'message.unregistered' });
    expect(await stores.announcements.active(nowMs)).to.have.length(1);
  });

  it('ignores what it could not judge, and takes nothing of it as seen', async () => {
    const { alice, stores, heard, say } = await open(brokenVerifier);
    await say(await seal(alice, 'announce', payload(1)));
    expect(heard).to.deep.equal([]);
    expect(await stores.announcements.active(0)).to.deep.equal([]);
    expect(await stores.sequences.seen(alice.hotkey, 1)).to.equal(null);
  });

  it('keeps both envelopes of an equivocation, passes the second on once, and hears nothing more of it, also after a restart', async () => {
    const { alice, stores, heard, say } = await open(localVerifier);
    const [first, second, third] = await Promise.all([1, 2, 3].map((n) => seal(alice, 'announce', payload(n), { sequence: 5n })));
    for (const each of [first, second, third]) await say(each!);
    expect(heard).to.deep.equal([first, second]);
    const [proof] = await stores.equivocations.list(10);
    expect(proof).to.deep.include({ hotkey: alice.hotkey, kind: 'announce', sequence: 5n, first, second, block: 100 });
    for (const envelope of [proof!.first!, proof!.second]) expect(openEnvelope(envelope).ok).to.equal(true);
    expect((await stores.announcements.active(0)).map(({ model }) => model)).to.deep.equal([aModel(1)]);
    const later = await open(localVerifier, stores, 100 + FROZEN_BLOCKS - 1);
    await later.say(await seal(alice, 'announce', payload(4), { sequence: 6n }));
    expect(later.heard).to.deep.equal([]);
    const free = await open(localVerifier, stores, 100 + FROZEN_BLOCKS);
    await free.say(await seal(alice, 'announce', payload(4), { sequence: 6n }));
    expect(free.heard).to.have.length(1);
  });
});
