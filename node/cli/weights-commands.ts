import type { Command } from 'commander';
import { blocksUntilEpoch } from '../../chain/epoch.js';
import { planSubmission } from '../../chain/submission.js';
import { isFailure } from '../../protocol/failure.js';
import { unwrap } from '../../protocol/result.js';
import { checkVector, WEIGHT_MAX } from '../../scoring/weights.js';
import { createLogger } from '../logger.js';
import { NO_METRICS } from '../metrics.js';
import { createWeightSetter, VERSION_KEY } from '../weight-setter.js';
import { addChainOptions, addConfigOptions, addWalletOptions, loadSettings, openSigner, withChain, withStores } from './context.js';
import { cliFailure } from './failures.js';
import { createOutput, short, table } from './output.js';
import type { Environment } from './program.js';

type Flags = Record<string, unknown>;

export function addWeightsCommands(program: Command, env: Environment): void {
  const weights = program.command('weights').description('See, set and trace weights on chain');
  addSubmit(weights, env);
  addPlan(weights, env);
  addStatus(weights, env);
  addHistory(weights, env);
}

function addSubmit(weights: Command, env: Environment): void {
  const command = weights
    .command('submit')
    .description('Set these weights now, without a running node: the shortest path to the chain')
    .requiredOption('--uids <list>', 'uids, separated by commas')
    .requiredOption('--values <list>', 'weights in the same order; any positive scale, the largest becomes 65535')
    .option('--version-key <n>', 'version key to send', String(VERSION_KEY))
    .option('--dry-run', 'say what would be sent, send nothing');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const uids = numbers(String(flags['uids']), '--uids');
    const given = numbers(String(flags['values']), '--values');
    unwrap(checkVector(uids, given));
    const { uids: sorted, values } = upscaled(uids, given);
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config);
    await withChain(config, async ({ chain }) => {
      const { netuid, mechanism } = config.chain;
      const versionKey = BigInt(String(flags['versionKey']));
      const facts = await chain.weightFacts(netuid, mechanism, signer.hotkey);
      const plan = planSubmission(facts, { uids: sorted, values, versionKey });
      if (plan.action !== 'submit') throw plan.because;
      if (flags['dryRun'] === true)
        return out.result(
          { ok: true, dry_run: true, method: plan.method, uids: sorted, values, hotkey: signer.hotkey },
          () => `dry run: ${plan.method} of [${sorted}] → [${values}] for ${signer.hotkey} would be sent now`,
        );
      const inclusion = await chain.setWeights(signer, { netuid, mechanism, uids: sorted, values, versionKey });
      out.result(
        {
          ok: true,
          method: inclusion.method,
          block: inclusion.block.number,
          hash: inclusion.extrinsicHash,
          block_hash: inclusion.block.hash,
          uids: sorted,
          values,
          hotkey: signer.hotkey,
        },
        () =>
          `weights set in finalized block ${inclusion.block.number}\n  extrinsic ${inclusion.extrinsicHash}\n  uids      ${sorted.join(', ')}\n  values    ${values.join(', ')}`,
      );
    });
  });
}

function addPlan(weights: Command, env: Environment): void {
  const command = weights.command('plan').description('The vector of the newest round, and whether the chain would take it now');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config);
    await withChain(config, ({ chain }) =>
      withStores(config, async (stores) => {
        const setter = createWeightSetter(
          { chain, signer, stores, log: createLogger({ level: 'silent' }), metrics: NO_METRICS },
          { netuid: config.chain.netuid, mechanism: config.chain.mechanism, enabled: false, dryRun: true },
        );
        const planned = await setter.plan(await chain.snapshot(config.chain.netuid));
        if (planned === null) throw cliFailure('cli.nothing_recorded', { what: 'a weighed round', where: config.dataDir });
        const { round, vector, facts, plan } = planned;
        const verdict =
          plan.action === 'submit'
            ? { action: plan.action, method: plan.method }
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
                : `${plan.action}: ${plan.because.message}\n  next: ${plan.because.hint}`,
            ].join('\n'),
        );
      }),
    );
  });
}

function addStatus(weights: Command, env: Environment): void {
  const command = weights.command('status').description('What the chain holds for this hotkey, beside what we last sent');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config);
    const { netuid, mechanism } = config.chain;
    await withChain(config, async ({ chain }) => {
      const facts = await chain.weightFacts(netuid, mechanism, signer.hotkey);
      const onChain = facts.uid === null ? [] : await chain.weightsOf(netuid, mechanism, facts.uid, facts.block);
      const last = await withStores(
        config,
        async (stores) => (await stores.submissions.list(16)).find(({ hotkey }) => hotkey === signer.hotkey) ?? null,
      ).catch((error: unknown) => {
        if (isFailure(error)) return null;
        throw error;
      });
      const equal =
        last?.state === 'finalized' &&
        last.uids.join() === onChain.map(({ uid }) => uid).join() &&
        last.values.join() === onChain.map(({ value }) => value).join();
      out.result(
        {
          ok: true,
          hotkey: signer.hotkey,
          uid: facts.uid,
          block: facts.block.number,
          last_update: facts.lastUpdate,
          blocks_since: facts.block.number - facts.lastUpdate,
          permit: facts.validatorPermit,
          on_chain: { uids: onChain.map(({ uid }) => uid), values: onChain.map(({ value }) => value) },
          last_submission: last && { round: last.round, state: last.state, block: last.included?.number ?? null, failure: last.failure },
          equal: last === null ? null : equal,
        },
        () =>
          [
            facts.uid === null
              ? `${signer.hotkey} is not registered on netuid ${netuid}`
              : `uid ${facts.uid}, permit ${facts.validatorPermit ? 'yes' : 'no'}, weights last set ${facts.block.number - facts.lastUpdate} blocks ago (block ${facts.lastUpdate})`,
            onChain.length > 0
              ? table(
                  ['uid', 'weight'],
                  onChain.map(({ uid, value }) => [uid, value]),
                )
              : 'the chain holds no weights of this hotkey',
            last === null
              ? 'nothing was sent from this data directory'
              : `last submission: round ${last.round ?? 'by hand'}, ${last.state}${last.included ? ` in block ${last.included.number}` : ''}${last.failure ? `, ${last.failure.code}` : ''}${equal ? '; the chain holds exactly that' : ''}`,
          ].join('\n'),
      );
    });
  });
}

function addHistory(weights: Command, env: Environment): void {
  const command = weights
    .command('history')
    .description('Every attempt to set weights from this data directory, newest first')
    .option('--limit <n>', 'rows', '20');
  addConfigOptions(command).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    await withStores(config, async (stores) => {
      const rows = await stores.submissions.list(Math.max(1, Math.min(1000, Number(flags['limit']) || 20)));
      out.result(
        {
          ok: true,
          submissions: rows.map((row) => ({
            id: row.id,
            round: row.round,
            epoch_start: row.epochStart,
            state: row.state,
            method: row.method,
            uids: row.uids,
            values: row.values,
            planned_at: row.plannedAt.number,
            block: row.included?.number ?? null,
            hash: row.extrinsicHash,
            failure: row.failure,
          })),
        },
        () =>
          rows.length === 0
            ? 'no weights have been sent from here'
            : table(
                ['round', 'epoch from', 'state', 'planned', 'block', 'uids → values', 'failure'],
                rows.map((row) => [
                  row.round,
                  row.epochStart,
                  row.state,
                  row.plannedAt.number,
                  row.included?.number ?? null,
                  row.uids.map((uid, i) => `${uid}:${row.values[i]}`).join(' '),
                  row.failure?.code ?? '',
                ]),
              ),
      );
    });
  });
}

function numbers(text: string, flag: string): readonly number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^\d+$/.test(part))) throw cliFailure('cli.bad_list', { flag, given: text });
  return parts.map(Number);
}

/** Ascending uid, scaled so that the largest is 65535, as the chain would do by itself. */
function upscaled(uids: readonly number[], given: readonly number[]): { uids: number[]; values: number[] } {
  const largest = Math.max(...given);
  const pairs = uids.map((uid, i) => ({ uid, value: Math.floor((given[i]! * WEIGHT_MAX) / largest) })).sort((a, b) => a.uid - b.uid);
  return { uids: pairs.map(({ uid }) => uid), values: pairs.map(({ value }) => value) };
}

function share(values: readonly number[], index: number): string {
  const total = values.reduce((sum, value) => sum + value, 0);
  return `${(((values[index] ?? 0) * 100) / total).toFixed(1)} %`;
}
