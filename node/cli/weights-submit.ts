import type { Command } from 'commander';
import { chainFailure } from '../../chain/failures.js';
import type { ChainReader, WeightFacts } from '../../chain/ports.js';
import type { SubmissionPlan } from '../../chain/submission.js';
import type { Config } from '../../config/schema.js';
import type { Signer } from '../../protocol/ports.js';
import type { SubmissionRow } from '../ports.js';
import { submissionFailure } from '../weights/failures.js';
import { addChainOptions, addConfigOptions, addWalletOptions, type Flags, loadSettings, openSigner, withChain } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, type Output } from './output.js';
import { ensureKept, weightSetterFor, withJournal } from './weights-engine.js';
import { followSubmission, whenText } from './weights-follow.js';
import { addVectorOptions, type GivenVector, readVector, vectorLines } from './weights-input.js';

export function addSubmit(weights: Command, env: Environment): void {
  const command = addVectorOptions(
    weights
      .command('submit')
      .description('Set these weights now, without a running node: openly, or by commit and reveal where the subnet asks for it'),
  )
    .option('--no-wait', 'end when the commit is final, do not wait for the reveal')
    .addHelpText(
      'after',
      `
Examples:
  voxd weights submit --chain finney --netuid 58 --wallet W --hotkey H --uids 1,2 --values 3,1
  voxd weights submit --chain ws://127.0.0.1:9944 --netuid 1 --uri //Alice --uids 0 --values 1 --dry-run
  voxd weights submit … --uids 1,2 --values 3,1 --set weights.commitReveal=hash --salt-file ./weights.json

It ends when the weights are in a finalized block, or with the reason why the chain would not take them. Weights that are committed first take
an epoch or more: a commit by hash is revealed by this command (or the node of --data-dir), a timelocked one by the chain.`,
    );
  addWalletOptions(addChainOptions(addConfigOptions(command))).action((flags: Flags) => run(flags, env, flags['wait'] !== false, false));
}

export function addCommit(weights: Command, env: Environment): void {
  const command = addVectorOptions(
    weights.command('commit').description('Commit to these weights and end; `voxd weights reveal`, the node or the chain reveals them'),
  ).addHelpText(
    'after',
    `
Example:
  voxd weights commit --chain finney --netuid 58 --wallet W --hotkey H --uids 1,2 --values 3,1 --salt-file ./weights.json`,
  );
  addWalletOptions(addChainOptions(addConfigOptions(command))).action((flags: Flags) => run(flags, env, false, true));
}

async function run(flags: Flags, env: Environment, wait: boolean, commitOnly: boolean): Promise<void> {
  const out = createOutput({ json: flags['json'] === true });
  const vector = readVector(flags);
  const config = await loadSettings(flags, env);
  const signer = await openSigner(config, env);
  await withChain(config, async ({ chain }) => {
    const { netuid } = config.chain;
    await withJournal(config, flags, async (journal) => {
      const setter = await weightSetterFor({ config, chain, signer, journal, dryRun: flags['dryRun'] === true });
      const { facts, plan } = await setter.judge(vector);
      if (commitOnly && !facts.commitRevealEnabled) throw chainFailure('chain.commit_reveal_off', { netuid });
      if (plan.action === 'done') return sayDone(out, plan, vector, signer);
      if (plan.action !== 'submit') throw plan.because;
      if (flags['dryRun'] === true) return sayDryRun(out, chain, facts, plan, vector, signer);
      ensureKept(plan.way, journal);
      const seats = (await chain.snapshot(netuid)).neurons;
      const hotkeys = vector.uids.map((uid) => {
        const seat = seats.find((neuron) => neuron.uid === uid);
        if (seat === undefined) throw chainFailure('chain.seat_gone', { netuid, error: `uid ${uid} of ${seats.length}` });
        return seat.hotkey;
      });
      const { versionKey } = vector;
      const sent = await setter.submit({ round: null, vector: { ...vector, hotkeys }, versionKey, burn: null });
      const of = { chain, setter, submissions: journal.submissions, out };
      const row = wait || sent.state === 'sent' ? await followSubmission(of, sent.id, wait ? 'settled' : 'committed') : sent;
      finish(out, row, config, journal.where);
    });
  });
}

type Ready = Extract<SubmissionPlan, { action: 'submit' }>;
type Done = Extract<SubmissionPlan, { action: 'done' }>;

function sayDone(out: Output, { what, block }: Done, vector: GivenVector, { hotkey }: Signer): void {
  const { uids, values } = vector;
  out.result({ ok: true, done: what, block, uids, values, hotkey }, () =>
    [`nothing to do: these weights were ${what} in block ${block}`, ...vectorLines(vector)].join('\n'),
  );
}

function sayDryRun(out: Output, chain: ChainReader, facts: WeightFacts, plan: Ready, vector: GivenVector, { hotkey }: Signer): void {
  const { blockTimeMs } = chain.identity();
  const { way, method } = plan;
  const reveal = plan.way === 'open' ? null : plan.reveal;
  const { uids, values } = vector;
  out.result({ ok: true, dry_run: true, way, method, block: facts.block.number, uids, values, hotkey, reveal }, () =>
    [
      `dry run: the chain would take this now, by ${method}`,
      ...vectorLines(vector),
      `  hotkey     ${hotkey}`,
      ...(reveal === null ? [] : [`  reveal     ${whenText(reveal, facts.block.number, blockTimeMs)}`]),
    ].join('\n'),
  );
}

/** Errors: why nothing came of it. */
export function finish(out: Output, row: SubmissionRow, config: Config, where: string): void {
  if (row.state === 'refused' || row.state === 'abandoned' || row.state === 'lost') throw failureOf(row, config);
  const block = row.included ?? row.committed;
  out.result(
    {
      ok: true,
      way: row.way,
      method: row.method,
      state: row.state,
      block: block?.number ?? null,
      hash: row.extrinsicHash ?? row.commitExtrinsicHash,
      block_hash: block?.hash ?? null,
      uids: row.uids,
      values: row.values,
      hotkey: row.hotkey,
      committed_in: row.committed?.number ?? null,
      reveal_from: row.revealFrom,
      reveal_until: row.revealUntil,
      journal: where,
    },
    () =>
      [
        row.state === 'finalized'
          ? `weights set in finalized block ${block?.number ?? '(not known)'}`
          : `weights committed in finalized block ${block?.number}`,
        ...vectorLines(row),
        `  hotkey     ${row.hotkey}`,
        ...(row.committed === null ? [] : [`  commit     block ${row.committed.number}, epoch ${row.commitEpoch}`]),
        ...(row.state === 'finalized' || row.revealFrom === null ? [] : [`  reveal     block ${row.revealFrom} to ${row.revealUntil}`]),
        ...(row.state === 'finalized' ? [] : [`  journal    ${where}`]),
        ...(row.extrinsicHash === null ? [] : [`  extrinsic  ${row.extrinsicHash}`]),
      ].join('\n'),
  );
}

function failureOf(row: SubmissionRow, config: Config) {
  const { code = 'weights.reveal_dropped', facts = {} } = row.failure ?? {};
  const known = [chainFailure, submissionFailure].find(({ table }) => code in table);
  // Safety: the code is one of the table it was found in.
  return (known ?? submissionFailure)(code as never, { netuid: config.chain.netuid, ...facts });
}
