import { parts } from '../composite.js';
import { type CallContext, call, DispatchRefusal, ensureFor, eventsOf, type Pallet, signedBy } from '../pallet.js';
import type { ValueOf } from '../scale.js';
import { compact, u64 } from '../scale.js';
import { type AccountId, accountId, address } from '../shapes.js';
import { itemsOf, type Store, type StoreView } from '../storage-item.js';
import { account } from './system.js';

const INDEX = 5;
export const EXISTENTIAL_DEPOSIT_RAO = 500n;

const ERRORS = [
  'VestingBalance',
  'LiquidityRestrictions',
  'InsufficientBalance',
  'ExistentialDeposit',
  'Expendability',
  'ExistingVestingSchedule',
  'DeadAccount',
  'TooManyReserves',
  'TooManyHolds',
  'TooManyFreezes',
  'IssuanceDeactivated',
  'DeltaZero',
] as const;
const ensure = ensureFor('Balances', ERRORS);

export const totalIssuance = itemsOf('Balances').valued('TotalIssuance', [], u64, 0n);

export const events = eventsOf('pallet_balances', INDEX, {
  Endowed: [0, parts({ account: accountId, free_balance: u64 })],
  DustLost: [1, parts({ account: accountId, amount: u64 })],
  Transfer: [2, parts({ from: accountId, to: accountId, amount: u64 })],
  Deposit: [7, parts({ who: accountId, amount: u64 })],
  Withdraw: [8, parts({ who: accountId, amount: u64 })],
});

export function freeOf(store: StoreView, who: AccountId): bigint {
  return account.get(store, who).data.free;
}

/** What can be taken so that the account stays alive. */
export function spendableOf(store: StoreView, who: AccountId): bigint {
  const free = freeOf(store, who);
  return free > EXISTENTIAL_DEPOSIT_RAO ? free - EXISTENTIAL_DEPOSIT_RAO : 0n;
}

function setFree(store: Store, who: AccountId, free: bigint): void {
  const info = account.get(store, who);
  account.put(store, who, { ...info, providers: free > 0n ? Math.max(1, info.providers) : 0, data: { ...info.data, free } });
}

export function credit(store: Store, who: AccountId, amount: bigint): void {
  setFree(store, who, freeOf(store, who) + amount);
}

/** Errors: Token(FundsUnavailable). */
export function debit(store: Store, who: AccountId, amount: bigint): void {
  const free = freeOf(store, who);
  if (free < amount) throw new DispatchRefusal('FundsUnavailable');
  setFree(store, who, free - amount);
}

function destinationOf(dest: ValueOf<typeof address>): AccountId {
  if (dest.type !== 'Id') throw new DispatchRefusal('CannotLookup');
  return dest.value;
}

function transfer(context: CallContext, from: AccountId, to: AccountId, amount: bigint): void {
  const { store } = context;
  if (freeOf(store, from) < amount) throw new DispatchRefusal('FundsUnavailable');
  if (freeOf(store, to) + amount < EXISTENTIAL_DEPOSIT_RAO) throw new DispatchRefusal('BelowMinimum');
  ensure(spendableOf(store, from) >= amount, 'Expendability');
  const isNew = freeOf(store, to) === 0n;
  debit(store, from, amount);
  credit(store, to, amount);
  if (isNew) context.deposit(events.of({ type: 'Endowed', value: { account: to, free_balance: amount } }));
  context.deposit(events.of({ type: 'Transfer', value: { from, to, amount } }));
}

const transferArgs = parts({ dest: address, value: compact(u64) });

export const balancesPallet: Pallet = {
  name: 'Balances',
  index: INDEX,
  crate: 'pallet_balances',
  storage: [totalIssuance],
  calls: [
    call(0, 'transfer_allow_death', transferArgs, {
      run: (context, origin, args) => transfer(context, signedBy(origin), destinationOf(args.dest), args.value),
    }),
    call(3, 'transfer_keep_alive', transferArgs, {
      run: (context, origin, args) => transfer(context, signedBy(origin), destinationOf(args.dest), args.value),
    }),
  ],
  events: events.type,
  errors: ERRORS,
  constants: [{ name: 'ExistentialDeposit', type: u64, value: EXISTENTIAL_DEPOSIT_RAO }],
};

export const feeEvents = eventsOf('pallet_transaction_payment', 6, {
  TransactionFeePaid: [0, parts({ who: accountId, actual_fee: u64, tip: u64 })],
});

export const transactionPaymentPallet: Pallet = {
  name: 'TransactionPayment',
  index: 6,
  crate: 'pallet_transaction_payment',
  storage: [],
  calls: [],
  events: feeEvents.type,
  errors: [],
  constants: [],
};
