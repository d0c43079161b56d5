/** What can keep commits from the chain and their weights from being revealed: a part of `chainFailure`, see failures.ts. */
import { EXIT, type FailureSpec } from '../protocol/failure.js';

export const commitFailures = {
  'chain.commit_reveal_on': {
    disposition: 'retry',
    message: 'Subnet {netuid} takes weights by commit and reveal now.',
    hint: 'They are committed at the next turn.',
  },
  'chain.commit_reveal_off': {
    disposition: 'retry',
    message: 'Subnet {netuid} takes no weight commits: weights are set openly.',
    hint: 'The node sets them openly at its next turn; by hand it is `voxd weights submit`.',
  },
  'chain.commit_reveal_unsupported': {
    disposition: 'fatal',
    message: 'Subnet {netuid} takes weights by commit and reveal only, and its chain offers no way of it that this program knows.',
    hint: 'Update voxd. The owner of the subnet can switch commit and reveal off (sudo_set_commit_reveal_weights_enabled).',
  },
  'chain.hash_commit_missing': {
    disposition: 'fatal',
    message: 'This chain takes no commits by hash for mechanism {mechanism}.',
    hint: 'Let voxd choose how weights are committed (auto).',
    exit: EXIT.config,
  },
  'chain.timelock_missing': {
    disposition: 'fatal',
    message: 'This chain takes no timelocked commits for mechanism {mechanism}.',
    hint: 'Let voxd choose how weights are committed (auto), or commit by hash.',
    exit: EXIT.config,
  },
  'chain.timelock_version': {
    disposition: 'fatal',
    message: 'The chain takes timelocked commits of version {requiredVersion}; this program makes version {givenVersion}.',
    hint: 'Update voxd; until then let it commit by hash.',
  },
  'chain.beacon_unknown': {
    disposition: 'retry',
    message: 'The chain does not name a randomness beacon that weights could be locked to.',
    hint: 'Let voxd choose how weights are committed (auto), or commit by hash.',
  },
  'chain.beacon_foreign': {
    disposition: 'fatal',
    message: 'The chain follows the beacon {publicKey}, which is not the quicknet of drand that public chains follow.',
    hint: 'Somebody could open locked weights early: see that the endpoint serves the chain it should, or commit by hash.',
  },
  'chain.beacon_stalled': {
    disposition: 'retry',
    message: 'The newest beacon round on chain is {storedRound}; by the clock of this machine it should be about {expectedRound}.',
    hint: 'Set the clock of this machine right. If it is, wait until the chain follows its beacon again, or commit by hash.',
  },
  'chain.round_passed': {
    disposition: 'retry',
    message: 'The beacon round that the weights were locked to was on chain before they were.',
    hint: 'They are locked anew to a later round; if it persists, set the clock of this machine right.',
  },
  'chain.reveal_unforeseen': {
    disposition: 'retry',
    message: 'Weights committed to subnet {netuid} now would never be revealed: {reason}.',
    hint: 'See the tempo and the reveal period of the subnet (`btcli subnet hyperparameters`).',
  },
  'chain.tempo_too_short': {
    disposition: 'retry',
    message:
      'Weights committed to subnet {netuid} now would be opened in the blocks {from} to {until} (tempo {tempo}), too few to be sure that round {round} of the beacon is on chain before they are over.',
    hint: 'It is tried again at the next block. With so short a tempo commit by hash: weights.commitReveal hash or auto.',
  },
  'chain.commit_lost': {
    disposition: 'retry',
    message: 'The weights that were committed by hash cannot be revealed any more ({error}).',
    hint: 'Weights are committed anew in the next epoch.',
  },
  'chain.reveal_too_early': {
    disposition: 'retry',
    message: 'The commit cannot be revealed yet.',
    hint: 'Wait {wait}.',
  },
  'chain.too_many_commits': {
    disposition: 'retry',
    message: 'There are as many unrevealed commits of this hotkey as the chain keeps.',
    hint: 'Reveal them, or wait {wait}.',
  },
} as const satisfies Readonly<Record<string, FailureSpec>>;
