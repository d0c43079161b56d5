import { parts, struct } from '../composite.js';
import { call, ensureFor, eventsOf, type Pallet, signedBy } from '../pallet.js';
import { type Type, u16, u32, u64, type ValueOf } from '../scale.js';
import { accountId, commitmentInfo, commitmentRegistration, MAX_COMMITMENT_FIELDS } from '../shapes.js';
import { identity, itemsOf, twox } from '../storage-item.js';
import { subnetEpochIndex, uids } from './subtensor/storage.js';

const INDEX = 18;
/** Bytes that one hotkey may commit per epoch and subnet. */
export const MAX_SPACE_BYTES = 3100;
/** Every commitment counts for at least this. */
const MIN_CHARGE_BYTES = 100n;

const ERRORS = [
  'TooManyFieldsInCommitmentInfo',
  'AccountNotAllowedCommit',
  'CommitmentSetRateLimitExceeded',
  'SpaceLimitExceeded',
  'UnexpectedUnreserveLeftover',
] as const;
const ensure = ensureFor('Commitments', ERRORS);

const { optional, valued } = itemsOf('Commitments');
const account = twox(accountId);
const usage = struct(['pallet_commitments', 'types', 'UsageTracker'], { last_epoch: u64, used_space: u64 });

export const commitmentOf = optional('CommitmentOf', [identity(u16), account], commitmentRegistration);
export const lastCommitment = optional('LastCommitment', [identity(u16), account], u32);
export const usedSpaceOf = optional('UsedSpaceOf', [identity(u16), account], usage);
export const maxSpace = valued('MaxSpace', [], u32, MAX_SPACE_BYTES);

const events = eventsOf('pallet_commitments', INDEX, { Commitment: [0, parts({ netuid: u16, who: accountId })] });

type Data = ValueOf<typeof commitmentInfo>['fields'][number];

function sizeOf(data: Data): number {
  const { value } = data;
  if (value === null || value === undefined) return 0;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return 'encrypted' in value ? value.encrypted.length : 0;
}

const info: Type<ValueOf<typeof commitmentInfo>> = commitmentInfo;

export const commitmentsPallet: Pallet = {
  name: 'Commitments',
  index: INDEX,
  crate: 'pallet_commitments',
  storage: [commitmentOf, lastCommitment, usedSpaceOf, maxSpace],
  calls: [
    call(0, 'set_commitment', parts({ netuid: u16, info }), {
      pays: false,
      run: (context, origin, args) => {
        const { store, block } = context;
        const who = signedBy(origin);
        ensure(uids.get(store, args.netuid, who) !== null, 'AccountNotAllowedCommit');
        ensure(args.info.fields.length <= MAX_COMMITMENT_FIELDS, 'TooManyFieldsInCommitmentInfo');
        const size = BigInt(args.info.fields.reduce((sum, data) => sum + sizeOf(data), 0));
        const charge = size === 0n ? 0n : size < MIN_CHARGE_BYTES ? MIN_CHARGE_BYTES : size;
        const epoch = subnetEpochIndex.get(store, args.netuid);
        const before = usedSpaceOf.get(store, args.netuid, who);
        const used = (before?.last_epoch === epoch ? before.used_space : 0n) + charge;
        ensure(used <= BigInt(maxSpace.get(store)), 'SpaceLimitExceeded');
        usedSpaceOf.put(store, args.netuid, who, { last_epoch: epoch, used_space: used });
        commitmentOf.put(store, args.netuid, who, { deposit: 0n, block, info: args.info });
        lastCommitment.put(store, args.netuid, who, block);
        context.deposit(events.of({ type: 'Commitment', value: { netuid: args.netuid, who } }));
      },
    }),
  ],
  events: events.type,
  errors: ERRORS,
  constants: [{ name: 'MaxFields', type: u32, value: MAX_COMMITMENT_FIELDS }],
};
