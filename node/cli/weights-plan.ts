import type { Command } from 'commander';
import { blocksUntilEpoch } from '../../chain/epoch.js';
import { type WeightsCode, weightsFailure } from '../../scoring/weights.js';
import type { WeightPlan } from '../weights/setter.js';
import { type HeldBack, heldBackSince, ROUNDS_LOOKED_BACK } from '../weights/vector.js';
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
import type { Environment } from './environment.js';
import { counted, createOutput, duration, short, table } from './output.js';
import { weightSetterFor } from './weights-engine.js';
import { whenText } from './weights-follow.js';

export function addPlan(weights: Command, env: Environment): void {
  const command = weights.command('plan').description('The vector of the newest round, and whether the chain would take it now');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config, env);
    await withChain(config, ({ chain }) =>
      withStores(config, async (stores) => {
        const journal = { ...stores, where: config.dataDir, durable: true };
        const setter = await weightSetterFor({ config, chain, signer, journal, dryRun: true });
        const planned = await setter.plan(await chain.snapshot(config.chain.netuid));
        const held = heldBackSince(await stores.rounds.list(ROUNDS_LOOKED_BACK), planned?.round.round ?? null);
        if (planned === null)
          throw nothingRecorded(
            'a weighed round',
            config.dataDir,
            [...held.map(heldText), 'The first is weighed when a round ends; `voxd status` tells the phase.'].join(' '),
          );
        const { round, vector, facts, plan, burn } = planned;
        const { blockTimeMs } = chain.identity();
        const reveal = plan.action === 'submit' && plan.way !== 'open' ? plan.reveal : null;
        const verdict =
          plan.action === 'submit'
            ? { action: plan.action, way: plan.way, method: plan.method }
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
            burn,
            gate: { passed: round.round, held_back: held },
            verdict,
            wait_blocks: plan.action === 'wait' ? plan.blocks : 0,
            reveal,
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
              ...(burn === null ? [] : [`${burn.percent} % go to the owner of the subnet, ${short(burn.hotkey)}`]),
              `the gate let round ${round.round} through`,
              ...held.map(heldText),
              verdictText(plan, facts.block.number, blockTimeMs),
              ...(reveal === null ? [] : [`they count from their reveal on, ${whenText(reveal, facts.block.number, blockTimeMs)}`]),
            ].join('\n'),
        );
      }),
    );
  });
}

function heldText({ round, code, facts }: HeldBack): string {
  // Safety: a name that the table lacks is of another table, and says what it can.
  const known = Object.hasOwn(weightsFailure.table, code) ? weightsFailure(code as WeightsCode, facts) : null;
  return `the gate holds round ${round} back (${code}): ${known === null ? 'its models were not heard in time.' : known.message}`;
}

function verdictText(plan: WeightPlan['plan'], block: number, blockTimeMs: number): string {
  if (plan.action === 'submit') return `the chain would take it now, by ${plan.method}`;
  if (plan.action === 'done') return `done: these weights were ${plan.what} in block ${plan.block}`;
  const when =
    plan.action === 'wait'
      ? `\n  when: block ${block + plan.blocks}, in ${counted(plan.blocks, 'block')}, about ${duration(plan.blocks * blockTimeMs)}`
      : '';
  return `${plan.action}: ${plan.because.message}\n  next: ${plan.because.hint}${when}`;
}

function share(values: readonly number[], index: number): string {
  const total = values.reduce((sum, value) => sum + value, 0);
  return `${(((values[index] ?? 0) * 100) / total).toFixed(1)} %`;
}
