/** What can keep weights from the chain after they have been weighed (`weights.*`), beside what the chain itself refuses (`chain.*`). */
import { defineFailures, EXIT } from '../../protocol/failure.js';

export const submissionFailure = defineFailures({
  'weights.never_sent': {
    disposition: 'retry',
    message: 'The submission planned at block {plannedAt} was never sent: the node stopped before it.',
    hint: 'It is planned anew by itself.',
  },
  'weights.seat_changed': {
    disposition: 'retry',
    message: 'Uid {uid} changed hands between the plan and the signature; nothing was sent.',
    hint: 'It is planned anew with the seats as they are.',
  },
  'weights.no_owner_seat': {
    disposition: 'retry',
    message: 'weights.burnPercent is {percent}, and the hotkey of the owner of subnet {netuid} holds no seat ({owner}); nothing is sent.',
    hint: 'Set weights.burnPercent to 0, or wait until the owner has a seat.',
  },
  'weights.foreign_submission': {
    disposition: 'retry',
    message: 'Somebody else sets weights with this hotkey: {what} of block {block} is not in the journal of this node.',
    hint: 'Run one daemon per hotkey, and commands with the --data-dir of the node. Nothing is sent in this epoch; the next is tried.',
  },
  'weights.gave_up': {
    disposition: 'retry',
    message: '{attempts} submissions of this epoch were refused or abandoned; the last reason was {last}.',
    hint: 'The next epoch is tried by itself. `voxd weights history` has every attempt.',
  },
  'weights.busy': {
    disposition: 'retry',
    message: 'Another process works on the weights of this hotkey.',
    hint: 'The running node goes on by itself; try again in a minute, or see `voxd weights status`.',
    exit: EXIT.unavailable,
  },
  'weights.epoch_taken': {
    disposition: 'retry',
    message: 'The journal has a submission of this epoch (state {state}, planned at block {plannedAt}).',
    hint: 'One per epoch: see `voxd weights status`, and try again after the epoch that opens in {wait}.',
  },
  'weights.not_as_sent': {
    disposition: 'retry',
    message: 'The chain took {method} in block {block}, but what it holds of this hotkey there are other weights.',
    hint: 'Something else signs with this hotkey: run one daemon per hotkey. The next epoch is tried by itself.',
  },
  'weights.reveal_missed': {
    disposition: 'retry',
    message:
      'The commit of epoch {commitEpoch} was not revealed in epoch {revealEpoch}, the only one that counts; its weights are lost. Last reason: {last}.',
    hint: 'Keep the node running through the reveal, and look at the reason. The next epoch is tried by itself.',
  },
  'weights.commit_gone': {
    disposition: 'retry',
    message: 'The commit of block {block} is not on chain any more, and its weights are not there either.',
    hint: 'A later reveal of the same hotkey drops earlier commits: run one daemon per hotkey. The next epoch is tried by itself.',
  },
  'weights.beacon_late': {
    disposition: 'retry',
    message: 'Round {round} of the beacon is due and the chain has only {lastStored}: the commit of block {block} waits for it.',
    hint: 'If the round does not arrive before the epoch ends, the chain drops the commit. Set weights.commitReveal to hash to do without the beacon.',
  },
  'weights.round_missed': {
    disposition: 'retry',
    message:
      'Round {round} of the beacon came {seconds} s or more after block {until}, the last that could open the commit of block {block}; its weights are lost.',
    hint: 'The epoch was shorter than foreseen: was the tempo changed while the commit waited? The next epoch is tried by itself.',
  },
  'weights.reveal_dropped': {
    disposition: 'retry',
    message: 'The chain opened or dropped the commit of block {block} and set no weights; it does not say why.',
    hint: 'What was checked is in order: permit {permit}, version key {versionKey}, length {length}, round {round} of the beacon. The next epoch is tried by itself; set weights.commitReveal to hash if it persists.',
  },
  'weights.already_there': {
    disposition: 'skip',
    message: 'These very weights were {what} in block {block}, in this epoch.',
    hint: 'Nothing to do.',
  },
});
