import type { Command } from 'commander';
import { chainFailure } from '../../chain/failures.js';
import { inBlocks } from '../../chain/weight-checks.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  type Flags,
  loadSettings,
  nothingRecorded,
  openSigner,
  withChain,
} from './context.js';
import type { Environment } from './environment.js';
import { createOutput } from './output.js';
import { weightSetterFor, withJournal } from './weights-engine.js';
import { followSubmission, progress } from './weights-follow.js';
import { finish } from './weights-submit.js';

export function addReveal(weights: Command, env: Environment): void {
  const command = weights
    .command('reveal')
    .description('Reveal the oldest commit of the journal that waits for it; a running node does this by itself')
    .option('--salt-file <file>', 'journal of the commit, where no node has a data directory')
    .option('--wait', 'wait until its epoch has come')
    .option('--dry-run', 'say what would be revealed and when, send nothing')
    .addHelpText(
      'after',
      `
Example:
  voxd weights reveal --chain finney --netuid 58 --wallet W --hotkey H --salt-file ./weights.json`,
    );
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config, env);
    await withChain(config, ({ chain }) =>
      withJournal(config, flags, async (journal) => {
        const { submissions } = journal;
        const open = (await submissions.unsettled()).find(({ hotkey, state }) => hotkey === signer.hotkey && state !== 'planned');
        if (open === undefined) throw nothingRecorded('a commit that waits for its reveal', journal.where);
        const head = await chain.finalizedHead();
        if (flags['dryRun'] === true) {
          const { uids, values, way, state, revealFrom, revealUntil } = open;
          return out.result(
            { ok: true, dry_run: true, block: head.number, way, state, uids, values, reveal_from: revealFrom, reveal_until: revealUntil },
            () => `dry run: ${progress(open, head.number, chain.identity().blockTimeMs)}`,
          );
        }
        const setter = await weightSetterFor({ config, chain, signer, journal, dryRun: false });
        await setter.settle();
        const now = (await submissions.list(256)).find(({ id }) => id === open.id) ?? open;
        if (now.state === 'committed' && now.failure === null && flags['wait'] !== true && (now.revealFrom ?? 0) > head.number + 1) {
          // What is sent at the block before is in the first that takes it.
          const blocksLeft = (now.revealFrom ?? 0) - 1 - head.number;
          throw chainFailure('chain.reveal_too_early', { wait: inBlocks(blocksLeft), blocksLeft });
        }
        finish(out, await followSubmission({ chain, setter, submissions, out }, open.id, 'settled'), config, journal.where);
      }),
    );
  });
}
