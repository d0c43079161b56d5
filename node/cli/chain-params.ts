import type { Command } from 'commander';
import type { Hyperparameters } from '../../chain/snapshot.js';
import { addChainOptions, addConfigOptions, type Flags, loadSettings, withChain } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, table, tao } from './output.js';

type Value = Hyperparameters[keyof Hyperparameters];

/** Shape: hyperparameter → its name on the chain, its value for people, what it means. */
const MEANINGS: { readonly [K in keyof Hyperparameters]: readonly [string, (value: Hyperparameters[K]) => string, string] } = {
  tempo: ['Tempo', blocks, 'an epoch is this long'],
  minAllowedWeights: ['MinAllowedWeights', String, 'entries that a weight vector needs, zeros counted'],
  weightsVersionKey: ['WeightsVersionKey', String, 'weights of an older version are refused; 0: none are'],
  weightsRateLimitBlocks: ['WeightsSetRateLimit', blocks, 'between two weight settings of a hotkey'],
  activityCutoffBlocks: ['ActivityCutoff', blocks, 'after this long without weights a validator counts as inactive'],
  immunityPeriodBlocks: ['ImmunityPeriod', blocks, 'after its registration a neuron cannot lose its seat'],
  maxValidators: ['MaxAllowedValidators', String, 'permits, given to the largest stakes at each epoch'],
  maxUids: ['MaxAllowedUids', String, 'seats'],
  commitRevealEnabled: ['CommitRevealWeightsEnabled', yesNo, 'weights are committed first and revealed later'],
  revealPeriodEpochs: ['RevealPeriodEpochs', String, 'epochs between a commit and its reveal'],
  servingRateLimitBlocks: ['ServingRateLimit', blocks, 'between two axon changes of a hotkey'],
  burnRao: ['Burn', (rao) => `${tao(rao)} TAO`, 'price of a registration now'],
  registrationAllowed: ['NetworkRegistrationAllowed', yesNo, 'the subnet takes registrations'],
};

export function addParams(chain: Command, env: Environment): void {
  const command = chain.command('params').description('The hyperparameters of the subnet, and what each of them means');
  addChainOptions(addConfigOptions(command)).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    await withChain(config, async ({ chain: client }) => {
      const { block, netuid, specVersion, hyperparameters } = await client.snapshot(config.chain.netuid);
      out.result(
        {
          ok: true,
          netuid,
          block: block.number,
          spec_version: specVersion,
          hyperparameters: Object.fromEntries(
            Object.entries(MEANINGS).map(([key, [name]]) => [name, hyperparameters[key as keyof Hyperparameters]]),
          ),
        },
        () =>
          [
            `netuid ${netuid} at block ${block.number} (spec ${specVersion})`,
            table(
              ['name', 'value', 'meaning'],
              rows(hyperparameters).map(([name, value, meaning]) => [name, value, meaning]),
            ),
          ].join('\n'),
      );
    });
  });
}

function rows(hyperparameters: Hyperparameters): readonly (readonly [string, string, string])[] {
  return Object.entries(MEANINGS).map(([key, [name, show, meaning]]) => {
    // Safety: each entry's `show` takes the value under its own key; the mapped type above says so, Object.entries forgets it.
    const shown = (show as (value: Value) => string)(hyperparameters[key as keyof Hyperparameters]);
    return [name, shown, meaning];
  });
}

function blocks(count: number): string {
  return count === 1 ? '1 block' : `${count} blocks`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
