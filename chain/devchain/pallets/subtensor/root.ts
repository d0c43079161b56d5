/** The root subnet: a seat for whoever has the stake, without a price. Source: subtensor coinbase/root.rs. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { appendNeuron, associate, replaceNeuron } from './registration.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
const MAX_ROOT_VALIDATORS = 64;
const DEFAULT_TAKE_U16 = 11_796;

function registerOnRoot(context: CallContext, coldkey: AccountId, hotkey: AccountId): void {
  const { store, block } = context;
  ensure(stored.networksAdded.get(store, ROOT_NETUID), 'RootNetworkDoesNotExist');
  ensure(stored.uids.get(store, ROOT_NETUID, hotkey) === null, 'HotKeyAlreadyRegisteredInSubNet');
  if (stored.owner.get(store, hotkey) === ZERO_ACCOUNT) associate(store, coldkey, hotkey);
  let uid: number;
  if (stored.subnetworkN.get(store, ROOT_NETUID) < MAX_ROOT_VALIDATORS) uid = appendNeuron(store, ROOT_NETUID, hotkey, block);
  else {
    const stakeOf = (account: AccountId) => stored.totalHotkeyAlpha.get(store, account, ROOT_NETUID);
    const seats = stored.keys.entries(store, [ROOT_NETUID]).map(({ keys, value }) => ({ uid: keys[1], stake: stakeOf(value) }));
    const lowest = seats.reduce((least, seat) => (seat.stake < least.stake ? seat : least));
    ensure(lowest.stake < stakeOf(hotkey), 'StakeTooLowForRoot');
    replaceNeuron(store, ROOT_NETUID, lowest.uid, hotkey, block);
    uid = lowest.uid;
  }
  stored.delegates.put(store, hotkey, stored.delegates.get(store, hotkey) || DEFAULT_TAKE_U16);
  deposit(context, { type: 'NeuronRegistered', value: [ROOT_NETUID, uid, hotkey] });
}

export const rootRegistrationCalls = [
  call(62, 'root_register', parts({ hotkey: accountId }), {
    run: (context, origin, { hotkey }) => registerOnRoot(context, signedBy(origin), hotkey),
  }),
] as const;
