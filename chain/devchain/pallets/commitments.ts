/** Commitments: up to three fields that a neuron publishes on the chain, some of them only from a round of the beacon on. */
import { decryptTimelocked } from '../../timelock.js';
import { parts, struct } from '../composite.js';
import { type CallContext, call, ensureFor, ensureRoot, eventsOf, type Pallet, signedBy } from '../pallet.js';
import { bytes, orderedSet, type Type, tuple, u16, u32, u64, type ValueOf, vec } from '../scale.js';
import { type AccountId, accountId, commitmentInfo, commitmentRegistration, MAX_COMMITMENT_FIELDS } from '../shapes.js';
import { identity, itemsOf, type Store, type StoreView, twox } from '../storage-item.js';
import { pulses } from './drand.js';
import { storageIndicesOf } from './subtensor/mechanisms.js';
import { bonds, bondsResetOn, subnetEpochIndex, uids } from './subtensor/storage.js';

const INDEX = 18;
/** Bytes that one hotkey may commit per epoch and subnet. */
export const MAX_SPACE_BYTES = 3100;
/** Every commitment counts for at least this. */
const MIN_CHARGE_BYTES = 100n;
/** Opened commitments that are kept of one hotkey. */
const MAX_REVEALS = 10;

const ERRORS = ['TooManyFieldsInCommitmentInfo', 'AccountNotAllowedCommit', 'SpaceLimitExceeded', 'UnexpectedUnreserveLeftover'] as const;
const ensure = ensureFor('Commitments', ERRORS);

const { optional, valued } = itemsOf('Commitments');
const account = twox(accountId);
const usage = struct(['pallet_commitments', 'types', 'UsageTracker'], { last_epoch: u64, used_space: u64 });

export const commitmentOf = optional('CommitmentOf', [identity(u16), account], commitmentRegistration);
export const lastCommitment = optional('LastCommitment', [identity(u16), account], u32);
export const lastBondsReset = optional('LastBondsReset', [identity(u16), account], u32);
/** What was opened, and in which block; oldest first. */
export const revealedCommitments = optional('RevealedCommitments', [identity(u16), account], vec(tuple(bytes, u64)));
export const usedSpaceOf = optional('UsedSpaceOf', [identity(u16), account], usage);
export const maxSpace = valued('MaxSpace', [], u32, MAX_SPACE_BYTES);
/** Who has a commitment with a timelocked field, in ascending order. */
export const timelockedIndex = valued('TimelockedIndex', [], orderedSet(tuple(u16, accountId)), []);

const events = eventsOf('pallet_commitments', INDEX, {
  Commitment: [0, parts({ netuid: u16, who: accountId })],
  TimelockCommitment: [1, parts({ netuid: u16, who: accountId, reveal_round: u64 })],
  CommitmentRevealed: [2, parts({ netuid: u16, who: accountId })],
});

type Data = ValueOf<typeof commitmentInfo>['fields'][number];
type Timelocked = Extract<Data, { readonly type: 'TimelockEncrypted' }>;

function isTimelocked(data: Data): data is Timelocked {
  return data.type === 'TimelockEncrypted';
}

function sizeOf(data: Data): number {
  const { value } = data;
  if (value === null || value === undefined) return 0;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return 'encrypted' in value ? value.encrypted.length : 0;
}

/** Rounds of the beacon that timelocked fields wait for. */
export function awaitedRounds(store: StoreView): readonly bigint[] {
  return timelockedIndex.get(store).flatMap(([netuid, who]) => {
    const fields = commitmentOf.get(store, netuid, who)?.info.fields ?? [];
    return fields.filter(isTimelocked).map(({ value }) => value.reveal_round);
  });
}

function setIndexed(store: Store, netuid: number, who: AccountId, indexed: boolean): void {
  const others = timelockedIndex.get(store).filter(([subnet, account]) => subnet !== netuid || account !== who);
  const entries = indexed ? [...others, [netuid, who] as const] : others;
  timelockedIndex.put(
    store,
    [...entries].sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1)),
  );
}

/** Once per block: opens the fields whose round is there. What does not open is dropped without a word. */
export function revealCommitments(context: CallContext): void {
  const { store, block } = context;
  for (const [netuid, who] of timelockedIndex.get(store)) {
    const registration = commitmentOf.get(store, netuid, who);
    if (registration === null || !registration.info.fields.some(isTimelocked)) {
      setIndexed(store, netuid, who, false);
      continue;
    }
    const { fields } = registration.info;
    const due = fields.filter(isTimelocked).filter(({ value }) => pulses.get(store, value.reveal_round) !== null);
    if (due.length === 0) continue;
    const opened = due.flatMap(({ value }) => {
      const plain = decryptTimelocked(Uint8Array.from(value.encrypted), pulses.get(store, value.reveal_round)?.signature ?? NO_SIGNATURE);
      return plain.ok && plain.value.length > 0 ? [plain.value] : [];
    });
    for (const _ of opened) context.deposit(events.of({ type: 'CommitmentRevealed', value: { netuid, who } }));
    if (opened.length > 0) {
      const before = revealedCommitments.get(store, netuid, who) ?? [];
      const all = [...before, ...opened.map((plain) => [plain, BigInt(block)] as const)];
      revealedCommitments.put(store, netuid, who, all.slice(-MAX_REVEALS));
    }
    const left = fields.filter((data) => !isTimelocked(data) || !due.includes(data));
    if (left.length === 0) commitmentOf.remove(store, netuid, who);
    else commitmentOf.put(store, netuid, who, { ...registration, info: { fields: left } });
    setIndexed(store, netuid, who, left.some(isTimelocked));
  }
}

/** Nobody keeps a bond in a neuron that asks for a fresh start, where the subnet allows it. */
function resetBonds(store: Store, netuid: number, who: AccountId): void {
  const uid = uids.get(store, netuid, who);
  if (uid === null || !bondsResetOn.get(store, netuid)) return;
  for (const index of storageIndicesOf(store, netuid)) {
    for (const { keys, value } of bonds.entries(store, [index])) {
      if (!value.some(([to]) => to === uid)) continue;
      bonds.put(
        store,
        ...keys,
        value.filter(([to]) => to !== uid),
      );
    }
  }
}

function setCommitment(context: CallContext, who: AccountId, netuid: number, info: ValueOf<typeof commitmentInfo>): void {
  const { store, block } = context;
  ensure(uids.get(store, netuid, who) !== null, 'AccountNotAllowedCommit');
  ensure(info.fields.length <= MAX_COMMITMENT_FIELDS, 'TooManyFieldsInCommitmentInfo');
  const size = BigInt(info.fields.reduce((sum, data) => sum + sizeOf(data), 0));
  const charge = size < MIN_CHARGE_BYTES ? MIN_CHARGE_BYTES : size;
  const epoch = subnetEpochIndex.get(store, netuid);
  const before = usedSpaceOf.get(store, netuid, who);
  const used = (before?.last_epoch === epoch ? before.used_space : 0n) + charge;
  if (info.fields.some(({ type }) => type === 'ResetBondsFlag')) {
    lastBondsReset.put(store, netuid, who, block);
    resetBonds(store, netuid, who);
  }
  ensure(used <= BigInt(maxSpace.get(store)), 'SpaceLimitExceeded');
  usedSpaceOf.put(store, netuid, who, { last_epoch: epoch, used_space: used });
  commitmentOf.put(store, netuid, who, { deposit: 0n, block, info });
  lastCommitment.put(store, netuid, who, block);
  const timelocked = info.fields.find(isTimelocked);
  setIndexed(store, netuid, who, timelocked !== undefined);
  context.deposit(
    timelocked === undefined
      ? events.of({ type: 'Commitment', value: { netuid, who } })
      : events.of({ type: 'TimelockCommitment', value: { netuid, who, reveal_round: timelocked.value.reveal_round } }),
  );
}

const info: Type<ValueOf<typeof commitmentInfo>> = commitmentInfo;

export const commitmentsPallet: Pallet = {
  name: 'Commitments',
  index: INDEX,
  crate: 'pallet_commitments',
  storage: [commitmentOf, lastCommitment, lastBondsReset, revealedCommitments, usedSpaceOf, maxSpace, timelockedIndex],
  calls: [
    call(0, 'set_commitment', parts({ netuid: u16, info }), {
      pays: false,
      run: (context, origin, args) => setCommitment(context, signedBy(origin), args.netuid, args.info),
    }),
    call(2, 'set_max_space', parts({ new_limit: u32 }), {
      run: (context, origin, { new_limit }) => {
        ensureRoot(origin);
        maxSpace.put(context.store, new_limit);
      },
    }),
  ],
  events: events.type,
  errors: ERRORS,
  constants: [{ name: 'MaxFields', type: u32, value: MAX_COMMITMENT_FIELDS }],
};

const NO_SIGNATURE = new Uint8Array(0);
