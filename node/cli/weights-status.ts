import type { Command } from 'commander';
import type { WeightFacts } from '../../chain/ports.js';
import { revealWindow } from '../../chain/reveal.js';
import { isFailure } from '../../protocol/failure.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  type Flags,
  loadSettings,
  openSigner,
  withChain,
  withStores,
} from './context.js';
import type { Environment } from './environment.js';
import { counted, createOutput, table } from './output.js';
import { progress, whenText } from './weights-follow.js';

export function addStatus(weights: Command, env: Environment): void {
  const command = weights.command('status').description('What the chain holds for this hotkey, beside what we last sent');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config, env);
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
      const commits = commitsOf(facts);
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
          commits: commits.map(({ way, block, epoch, window }) => ({
            way,
            block,
            epoch,
            reveal_from: window?.from ?? null,
            reveal_until: window?.until ?? null,
          })),
          last_submission: last && {
            round: last.round,
            state: last.state,
            block: last.included?.number ?? null,
            way: last.way,
            committed_in: last.committed?.number ?? null,
            reveal_from: last.revealFrom,
            reveal_until: last.revealUntil,
            failure: last.failure,
          },
          equal: last === null ? null : equal,
        },
        () =>
          [
            facts.uid === null
              ? `${signer.hotkey} is not registered on netuid ${netuid}`
              : `uid ${facts.uid}, permit ${facts.validatorPermit ? 'yes' : 'no'}, ${updatedText(facts)}`,
            onChain.length > 0
              ? table(
                  ['uid', 'weight'],
                  onChain.map(({ uid, value }) => [uid, value]),
                )
              : 'the chain holds no weights of this hotkey',
            ...commits.map(
              ({ way, block, window }) =>
                `a commit of block ${block} (${way}) ${window === null ? 'is past its reveal' : `waits for its reveal, ${whenText(window, facts.block.number, chain.identity().blockTimeMs)}`}`,
            ),
            last === null
              ? 'nothing was sent from this data directory'
              : `last submission: round ${last.round ?? 'by hand'}, ${last.state}${last.included ? ` in block ${last.included.number}` : ''}${last.state === 'committed' ? ` (${progress(last, facts.block.number, chain.identity().blockTimeMs)})` : ''}${last.failure ? `, ${last.failure.code}` : ''}${equal ? '; the chain holds exactly that' : ''}`,
          ].join('\n'),
      );
    });
  });
}

/** The chain counts a registration as an update, from which the first weights have to wait as well. */
function updatedText({ block, lastUpdate, registeredAt }: WeightFacts): string {
  const ago = `${counted(block.number - lastUpdate, 'block')} ago (block ${lastUpdate})`;
  return lastUpdate > registeredAt ? `weights last set or committed ${ago}` : `no weights since its registration ${ago}`;
}

/** Of this hotkey, by whatever program; oldest first. */
function commitsOf(facts: WeightFacts) {
  const { hashCommits = [], timelockedCommits = [] } = facts.commitReveal ?? {};
  const of = (way: 'hash' | 'timelocked') => (commit: { readonly block: number; readonly epoch: number }) => ({
    way,
    block: commit.block,
    epoch: commit.epoch,
    window: revealWindow(facts, commit.epoch),
  });
  return [...hashCommits.map(of('hash')), ...timelockedCommits.map(of('timelocked'))].toSorted((a, b) => a.block - b.block);
}
