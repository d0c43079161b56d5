import { expect } from 'chai';
import fc from 'fast-check';
import { commitmentBytes, commitmentOf } from '../../../chain/commitment.js';
import { applySnapshot, byHotkey, byUid, modelClaims, type RegistryChange, registrationKey, roleOf } from '../../../chain/registry.js';
import type { Hotkey, Neuron, SubnetSnapshot } from '../../../chain/snapshot.js';
import { aHash, aHotkey, aModel } from '../../support/keys.js';

function aNeuron(uid: number, name: number | string, over: Partial<Neuron> = {}): Neuron {
  return {
    uid,
    hotkey: aHotkey(name),
    coldkey: aHotkey(`cold ${name}`),
    stakeRao: 0n,
    validatorPermit: false,
    active: true,
    lastUpdate: 0,
    registeredAt: 10,
    axon: null,
    commitment: null,
    incentive: 0,
    dividends: 0,
    emissionRao: 0n,
    ...over,
  };
}

function aSnapshot(block: number, neurons: readonly Neuron[]): SubnetSnapshot {
  return {
    genesis: aHash('genesis'),
    netuid: 1,
    block: { number: block, hash: aHash(block) },
    specVersion: 425,
    hyperparameters: {
      tempo: 100,
      minAllowedWeights: 1,
      weightsVersionKey: 0n,
      weightsRateLimitBlocks: 100,
      activityCutoffBlocks: 5_000,
      immunityPeriodBlocks: 100,
      maxValidators: 64,
      maxUids: 256,
      commitRevealEnabled: false,
      revealPeriodEpochs: 1,
      servingRateLimitBlocks: 50,
      burnRao: 1n,
      registrationAllowed: true,
    },
    neurons,
  };
}

const between = (before: readonly Neuron[], after: readonly Neuron[]) =>
  applySnapshot(aSnapshot(100, before), aSnapshot(200, after)).changes;
const kinds = (changes: readonly RegistryChange[]) => changes.map(({ kind }) => kind);

describe('applySnapshot', () => {
  it('has everybody arrive at first, and nothing to say about no change', () => {
    const neurons = [aNeuron(0, 'a'), aNeuron(1, 'b')];
    expect(kinds(applySnapshot(null, aSnapshot(5, neurons)).changes)).to.deep.equal(['registered', 'registered']);
    expect(between(neurons, neurons)).to.deep.equal([]);
  });

  it('names the successor when a seat is reused', () => {
    const changes = between([aNeuron(0, 'a')], [aNeuron(0, 'b', { registeredAt: 150 })]);
    expect(changes).to.deep.equal([
      { kind: 'deregistered', block: 200, hotkey: aHotkey('a'), uid: 0, replacedBy: aHotkey('b') },
      { kind: 'registered', block: 200, hotkey: aHotkey('b'), uid: 0, registeredAt: 150 },
    ]);
  });

  it('sees a hotkey that left and came back as two lives', () => {
    const changes = between(
      [aNeuron(0, 'a', { stakeRao: 5n }), aNeuron(1, 'b')],
      [aNeuron(0, 'c', { registeredAt: 120 }), aNeuron(1, 'a', { registeredAt: 130 })],
    );
    expect(kinds(changes)).to.deep.equal(['deregistered', 'deregistered', 'registered', 'registered']);
    const left = changes.find((change) => change.kind === 'deregistered' && change.hotkey === aHotkey('a'));
    expect(left).to.deep.include({ uid: 0, replacedBy: aHotkey('c') });
    const sameSeat = between([aNeuron(0, 'a')], [aNeuron(0, 'a', { registeredAt: 150 })]);
    expect(sameSeat[0]).to.deep.include({ kind: 'deregistered', replacedBy: null });
  });

  it('sees a swapped hotkey as a departure and an arrival in the same seat', () => {
    expect(kinds(between([aNeuron(3, 'old')], [aNeuron(3, 'new')]))).to.deep.equal(['deregistered', 'registered']);
  });

  it('follows people through renumbering, and calls nobody who only moved a successor', () => {
    const changes = between([aNeuron(0, 'a'), aNeuron(1, 'b'), aNeuron(2, 'c')], [aNeuron(0, 'b'), aNeuron(1, 'c')]);
    expect(changes).to.deep.equal([
      { kind: 'deregistered', block: 200, hotkey: aHotkey('a'), uid: 0, replacedBy: null },
      { kind: 'renumbered', block: 200, hotkey: aHotkey('b'), from: 1, to: 0 },
      { kind: 'renumbered', block: 200, hotkey: aHotkey('c'), from: 2, to: 1 },
    ]);
  });

  it('tells each fact that changed, before and after', () => {
    const axon = { ip: '203.0.113.7', port: 4010, protocol: 4, version: 1, block: 90, peerKey: null };
    const changes = between(
      [aNeuron(0, 'a')],
      [aNeuron(0, 'a', { coldkey: aHotkey('x'), axon, validatorPermit: true, stakeRao: 7n, commitment: { block: 99, data: 'ff' } })],
    );
    expect(kinds(changes)).to.have.members(['coldkey', 'axon', 'permit', 'stake', 'commitment']);
    expect(changes.find(({ kind }) => kind === 'axon')).to.deep.include({ before: '', after: '203.0.113.7:4010 protocol 4 version 1' });
    expect(changes.find(({ kind }) => kind === 'permit')).to.deep.include({ before: 'false', after: 'true' });
    expect(between([aNeuron(0, 'a', { axon })], [aNeuron(0, 'a', { axon: { ...axon, block: 150 } })])).to.deep.equal([]);
  });

  it('has nothing to say about a commitment of an earlier registration', () => {
    const stale = aNeuron(0, 'a', { registeredAt: 50, commitment: { block: 49, data: 'ff' } });
    expect(between([aNeuron(0, 'a', { registeredAt: 50 })], [stale])).to.deep.equal([]);
    const renewed = { ...stale, commitment: { block: 50, data: 'ee' } };
    expect(between([stale], [renewed])[0]).to.deep.include({ kind: 'commitment', before: '', after: 'ee@50' });
  });

  it('tells of those who stayed everything that changed, and of a departure who took the seat', () => {
    const person = fc.record({
      name: fc.nat(9),
      registeredAt: fc.constantFrom(10, 20),
      coldkey: fc.constantFrom('x', 'y'),
      stake: fc.nat(2),
      permit: fc.boolean(),
      committedAt: fc.option(fc.constantFrom(5, 15, 25)),
      port: fc.option(fc.constantFrom(1, 2)),
    });
    const membership = fc.uniqueArray(person, { selector: ({ name }) => name, maxLength: 9 }).map((people) =>
      people.map(({ name, registeredAt, coldkey, stake, permit, committedAt, port }, uid) =>
        aNeuron(uid, name, {
          registeredAt,
          coldkey: aHotkey(coldkey),
          stakeRao: BigInt(stake),
          validatorPermit: permit,
          commitment: committedAt === null ? null : { block: committedAt, data: 'aa' },
          axon: port === null ? null : { ip: '10.0.0.1', port, protocol: 4, version: 1, block: 1, peerKey: null },
        }),
      ),
    );
    const told = ({ coldkey, stakeRao, validatorPermit, commitment, registeredAt, axon }: Neuron) => ({
      coldkey: String(coldkey),
      stake: String(stakeRao),
      permit: String(validatorPermit),
      commitment: commitment === null || commitment.block < registeredAt ? '' : `${commitment.data}@${commitment.block}`,
      axon: axon === null ? '' : `${axon.ip}:${axon.port} protocol 4 version 1`,
    });
    fc.assert(
      fc.property(membership, membership, (before, after) => {
        const known = new Map(before.map((neuron) => [registrationKey(neuron), told(neuron)]));
        const byName = new Map(before.map((neuron) => [neuron.hotkey, registrationKey(neuron)]));
        const holders = new Map(after.map((neuron) => [neuron.uid, neuron]));
        for (const change of between(before, after)) {
          const key = byName.get(change.hotkey) ?? '';
          if (change.kind === 'deregistered') {
            known.delete(key);
            const holder = holders.get(change.uid);
            if (change.replacedBy !== null) expect(change.replacedBy).to.equal(holder?.hotkey);
            else
              expect(
                holder === undefined || holder.hotkey === change.hotkey || byName.get(holder.hotkey) === registrationKey(holder),
              ).to.equal(true);
          } else if ('before' in change) {
            const facts = known.get(key);
            expect(facts?.[change.kind]).to.equal(change.before);
            if (facts !== undefined) facts[change.kind] = change.after;
          }
        }
        const stayed = after.filter((neuron) => known.has(registrationKey(neuron)));
        expect(stayed).to.have.lengthOf(known.size);
        for (const neuron of stayed) expect(known.get(registrationKey(neuron))).to.deep.equal(told(neuron));
      }),
      { numRuns: 300 },
    );
  });

  it('leads from any membership to any other: folding the changes gives the next one', () => {
    const membership = fc
      .uniqueArray(fc.record({ name: fc.nat(7), registeredAt: fc.constantFrom(10, 20, 30) }), {
        selector: ({ name }) => name,
        maxLength: 8,
      })
      .map((people) => people.map(({ name, registeredAt }, uid) => aNeuron(uid, name, { registeredAt })));
    fc.assert(
      fc.property(membership, membership, (before, after) => {
        const seats = new Map(before.map(({ hotkey, registeredAt, uid }) => [hotkey, { registeredAt, uid }]));
        for (const change of between(before, after)) {
          if (change.kind === 'deregistered') expect(seats.delete(change.hotkey)).to.equal(true);
          else if (change.kind === 'registered') {
            expect(seats.has(change.hotkey)).to.equal(false);
            seats.set(change.hotkey, { registeredAt: change.registeredAt, uid: change.uid });
          } else if (change.kind === 'renumbered') {
            expect(seats.get(change.hotkey)?.uid).to.equal(change.from);
            seats.set(change.hotkey, { registeredAt: seats.get(change.hotkey)!.registeredAt, uid: change.to });
          }
        }
        const next = new Map<Hotkey, { registeredAt: number; uid: number }>(
          after.map(({ hotkey, registeredAt, uid }) => [hotkey, { registeredAt, uid }]),
        );
        expect([...seats].sort()).to.deep.equal([...next].sort());
      }),
      { numRuns: 500 },
    );
  });
});

describe('look-ups', () => {
  const data = Buffer.from(commitmentBytes(commitmentOf(aHotkey('m'), aModel(1)))).toString('hex');
  const at = (block: number, over: Partial<Neuron> = {}) => aNeuron(1, 'm', { registeredAt: 50, commitment: { block, data }, ...over });

  it('finds by hotkey and by uid, also where uids have gaps', () => {
    const snapshot = aSnapshot(1, [aNeuron(0, 'a'), aNeuron(4, 'b')]);
    expect(byHotkey(snapshot, aHotkey('b'))?.uid).to.equal(4);
    expect(byHotkey(snapshot, aHotkey('z'))).to.equal(null);
    expect(byUid(snapshot, 4)?.hotkey).to.equal(aHotkey('b'));
    expect(byUid(snapshot, 1)).to.equal(null);
    expect(registrationKey(snapshot.neurons[0]!)).to.equal(`${aHotkey('a')}@10`);
  });

  it('counts a claim only from the present registration on, and only our own form', () => {
    expect(modelClaims(aSnapshot(99, [at(50)]))).to.deep.equal([
      { hotkey: aHotkey('m'), uid: 1, block: 50, commitment: commitmentOf(aHotkey('m'), aModel(1)) },
    ]);
    expect(modelClaims(aSnapshot(99, [at(49)]))).to.deep.equal([]);
    expect(modelClaims(aSnapshot(99, [at(60, { commitment: { block: 60, data: 'abcd' } })]))).to.deep.equal([]);
    expect(modelClaims(aSnapshot(99, [at(60, { commitment: null })]))).to.deep.equal([]);
  });

  it('tells roles by what the chain says', () => {
    const snapshot = aSnapshot(99, [aNeuron(0, 'v', { validatorPermit: true }), at(60)]);
    expect(roleOf(snapshot, aHotkey('v'))).to.deep.equal({ registered: true, validates: true, mines: false });
    expect(roleOf(snapshot, aHotkey('m'))).to.deep.equal({ registered: true, validates: false, mines: true });
    expect(roleOf(snapshot, aHotkey('z'))).to.deep.equal({ registered: false, validates: false, mines: false });
  });
});
