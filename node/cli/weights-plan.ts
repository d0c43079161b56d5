import type { Command } from 'commander';
import { blocksUntilEpoch } from '../../chain/epoch.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  type Flags,
  loadSettings,
  nothingRecorded,
  openSigner,
  withChain,
  withStores,
} from './context.js';
import { createOutput, short, table } from './output.js';
import type { Environment } from './program.js';
import { weightSetterFor } from './weights-engine.js';

export function addPlan(weights: Command, env: Environment): void {
  const command = weights.command('plan').description('The vector of the newest round, and whether the chain would take it now');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config);
    await withChain(config, ({ chain }) =>
      withStores(config, async (stores) => {
        const setter = weightSetterFor({ config, chain, signer, stores, dryRun: true });
        const planned = await setter.plan(await chain.snapshot(config.chain.netuid));
        if (planned === null)
          throw nothingRecorded(
            'a weighed round',
            config.dataDir,
            'The first is weighed when a round ends; `voxd status` tells the phase.',
          );
        const { round, vector, facts, plan } = planned;
        const verdict =
          plan.action === 'submit'
            ? { action: plan.action, method: plan.method }
            : plan.action === 'done'
              ? plan
              : { action: plan.action, code: plan.because.code, facts: plan.because.facts, hint: plan.because.hint };
        const epochIn = blocksUntilEpoch(facts);
        out.result(
          {
            ok: true,
            round: round.round,
            block: facts.block.number,
            uids: vector.uids,
            values: vector.values,
            hotkeys: vector.hotkeys,
            verdict,
            blocks_to_epoch: epochIn,
            rate_limit_blocks: facts.rateLimitBlocks,
            commit_reveal: facts.commitRevealEnabled,
          },
          () =>
            [
              `round ${round.round}, as of block ${facts.block.number}; next epoch in ${epochIn ?? '–'} blocks`,
              table(
                ['uid', 'hotkey', 'weight', 'of all'],
                vector.uids.map((uid, i) => [uid, short(vector.hotkeys[i] ?? ''), vector.values[i] ?? 0, share(vector.values, i)]),
              ),
              plan.action === 'submit'
                ? `the chain would take it now, by ${plan.method}`
                : plan.action === 'done'
                  ? `done: these weights were ${plan.what} in block ${plan.block}`
                  : `${plan.action}: ${plan.because.message}\n  next: ${plan.because.hint}`,
            ].join('\n'),
        );
      }),
    );
  });
}

function share(values: readonly number[], index: number): string {
  const total = values.reduce((sum, value) => sum + value, 0);
  return `${(((values[index] ?? 0) * 100) / total).toFixed(1)} %`;
}
