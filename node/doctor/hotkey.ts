/** What the chain thinks of our hotkey. Pure: the facts are gathered by the command. */

import { beaconDifference, QUICKNET, timeOfRound } from '../../chain/beacon.js';
import { chainFailure } from '../../chain/failures.js';
import type { WeightFacts } from '../../chain/ports.js';
import { roleOf } from '../../chain/registry.js';
import type { Axon, SubnetSnapshot } from '../../chain/snapshot.js';
import { inBlocks } from '../../chain/weight-checks.js';
import type { Hotkey } from '../../protocol/names.js';
import { type Finding, fail, fromFailure, ok, warn } from './finding.js';

export interface HotkeyFacts {
  readonly hotkey: Hotkey;
  readonly snapshot: SubnetSnapshot;
  readonly weights: WeightFacts;
  /** Does this node set weights? */
  readonly validates: boolean;
  readonly versionKey: bigint;
  /** Address that the node would write to the chain; null: it only dials out. */
  readonly announceIp: string | null;
  readonly port: number;
  /** Key of the node's transport, 64 hex digits; null: it has made none yet. */
  readonly peerKey: string | null;
  /** Unix seconds by this machine. */
  readonly nowSeconds: number;
}

const OLD_ROUND_SECONDS = 120;
const HASH_INSTEAD = 'Wait, or commit by hash: --set weights.commitReveal=hash.';

export function examineHotkey(facts: HotkeyFacts): readonly Finding[] {
  const { snapshot, hotkey } = facts;
  const seat = snapshot.neurons.find((neuron) => neuron.hotkey === hotkey);
  if (seat === undefined) {
    return [fromFailure('seat', 'fail', chainFailure('chain.not_registered', { netuid: snapshot.netuid, hotkey }))];
  }
  const findings = [
    ...safeMode(facts),
    ok('seat', `uid ${seat.uid} on netuid ${snapshot.netuid} since block ${seat.registeredAt}`),
    axon(facts, seat.axon),
  ];
  if (!facts.validates) return findings;
  return [...findings, permit(facts), versionKey(facts), lastWeights(facts), ...beacon(facts)];
}

function safeMode({ weights: { safeModeUntil = null, block } }: HotkeyFacts): readonly Finding[] {
  if (safeModeUntil === null) return [];
  const said = `the chain is in it until block ${safeModeUntil}, ${inBlocks(Math.max(0, safeModeUntil - block.number))} from now`;
  return [
    warn(
      'safe mode',
      said,
      'Until then it takes `set_weights`, `serve_axon` and commitments, and no commits of weights. A node waits by itself.',
    ),
  ];
}

/** Where the chain sends whoever looks for this hotkey, held against where the node is. */
function axon({ announceIp, port, peerKey }: HotkeyFacts, onChain: Axon | null): Finding {
  const placeOf = (of: { readonly ip: string; readonly port: number }) => `${of.ip}, TCP ${of.port}`;
  if (announceIp === null && onChain !== null)
    return warn(
      'address',
      `the chain says ${onChain.ip}, but this node is not told to announce one: it leaves what is there`,
      `If others reach it there, set p2p.announceIp to ${onChain.ip}.`,
    );
  if (announceIp === null) {
    return warn(
      'address',
      'none is announced: others cannot dial this node, it dials them',
      'Set p2p.announceIp to its public address if it has one.',
    );
  }
  const ours = placeOf({ ip: announceIp, port });
  if (onChain === null) return warn('address', `${ours} is not on chain yet`, 'A running node writes it by itself; or `voxd axon serve`.');
  const theirs = placeOf(onChain);
  if (theirs !== ours) return warn('address', `the chain says ${theirs}, this node ${ours}`, 'A running node corrects it by itself.');
  if (onChain.peerKey !== null && peerKey !== null && onChain.peerKey !== peerKey)
    return warn(
      'address',
      `${theirs} is on chain, with the key of another node: peers that dial it will refuse this one`,
      'A running node corrects it by itself. Does another node use this hotkey?',
    );
  return ok('address', `${theirs} is on chain${onChain.peerKey === null ? ', without a key' : ' with the key of this node'}`);
}

function permit({ snapshot, hotkey, weights }: HotkeyFacts): Finding {
  const { validates: held } = roleOf(snapshot, hotkey);
  if (held || weights.isOwner) return ok('permit', weights.isOwner ? 'not needed: this is the hotkey of the owner' : 'held');
  return fromFailure(
    'permit',
    'warn',
    chainFailure('chain.no_permit', {
      netuid: snapshot.netuid,
      next: 'Permits go to the largest stakes at each epoch: add stake to the hotkey.',
    }),
  );
}

function versionKey({ weights, versionKey: ours }: HotkeyFacts): Finding {
  const { weightsVersionKey: required } = weights;
  if (required === 0n || ours >= required) return ok('version', `weights of version ${ours} are taken`);
  return fromFailure('version', 'fail', chainFailure('chain.version_key', { required: String(required), given: String(ours) }));
}

function lastWeights({ weights, snapshot }: HotkeyFacts): Finding {
  const since = weights.block.number - weights.lastUpdate;
  const cutoff = snapshot.hyperparameters.activityCutoffBlocks;
  if (weights.stored.length === 0) return warn('weights', 'none are set yet', 'A running node sets them when its first round is weighed.');
  const said = `last set ${since} blocks ago; inactive after ${cutoff}`;
  if (since >= cutoff) return fail('weights', said, 'This validator counts as inactive: see `voxd weights plan` for what holds it back.');
  return since * 2 > cutoff ? warn('weights', said, 'See `voxd weights plan` for what holds them back.') : ok('weights', said);
}

/** Timelocked weights open only while the chain receives the rounds of its beacon. */
function beacon({ weights, nowSeconds }: HotkeyFacts): readonly Finding[] {
  const { commitRevealEnabled, commitReveal } = weights;
  if (!commitRevealEnabled || commitReveal === null || commitReveal.timelockVersion === null) return [];
  const followed = commitReveal.beacon;
  if (followed === null || followed.lastStoredRound === 0) {
    return [warn('beacon', 'the chain has seen no round of drand: timelocked weights would not open', HASH_INSTEAD)];
  }
  const ageSeconds = Math.max(0, nowSeconds - timeOfRound(followed, followed.lastStoredRound));
  const said = `round ${followed.lastStoredRound} of ${beaconDifference(followed, QUICKNET) === null ? 'quicknet' : 'a beacon of its own'}, ${Math.round(ageSeconds)} s old`;
  return [ageSeconds > OLD_ROUND_SECONDS ? warn('beacon', `${said}: it lags`, HASH_INSTEAD) : ok('beacon', said)];
}
