import type { Command } from 'commander';
import { blocksUntilEpoch, epochStart, nextEpochBlock } from '../../chain/epoch.js';
import type { ChainIdentity, WeightFacts } from '../../chain/ports.js';
import { addChainOptions, addConfigOptions, addWalletOptions, type Flags, loadSettings, openSigner, withChain } from './context.js';
import type { Environment } from './environment.js';
import { counted, createOutput, duration } from './output.js';

const BAR_CHARACTERS = 40;

export function addEpoch(chain: Command, env: Environment): void {
  const command = chain.command('epoch').description('Where the subnet stands in its epoch, and when the next one runs');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const { netuid, mechanism } = config.chain;
    await withChain(config, async ({ chain: client }) => {
      const { hotkey } = hasWallet(flags) ? await openSigner(config, env) : { hotkey: ANYBODY };
      const facts = await client.weightFacts(netuid, mechanism, hotkey);
      out.result(epochJson(facts, client.identity()), () => epochText(facts, client.identity()));
    });
  });
}

/** The clock is the same for everybody: any address will do to ask for it. */
const ANYBODY = '5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM' as WeightFacts['hotkey'];

function hasWallet(flags: Flags): boolean {
  return ['wallet', 'hotkey', 'uri'].some((name) => flags[name] !== undefined);
}

function epochJson(facts: WeightFacts, identity: ChainIdentity): object {
  const blocks = blocksUntilEpoch(facts);
  return {
    ok: true,
    netuid: facts.netuid,
    block: facts.block.number,
    tempo: facts.tempo,
    clock: facts.epochClock === null ? 'formula' : 'state',
    epoch_index: facts.epochClock?.index ?? null,
    epoch_start: epochStart(facts),
    next_epoch: nextEpochBlock(facts),
    blocks_to_epoch: blocks,
    milliseconds_to_epoch: blocks === null ? null : blocks * identity.blockTimeMs,
    block_time_ms: identity.blockTimeMs,
    rate_limit_blocks: facts.rateLimitBlocks,
    commit_reveal: facts.commitRevealEnabled,
    reveal_period_epochs: facts.commitReveal?.revealPeriodEpochs ?? null,
  };
}

function epochText(facts: WeightFacts, identity: ChainIdentity): string {
  const start = epochStart(facts);
  const next = nextEpochBlock(facts);
  const blocks = blocksUntilEpoch(facts);
  if (next === null || blocks === null) return `netuid ${facts.netuid} runs no epochs: its tempo is 0`;
  const filled = Math.round((BAR_CHARACTERS * (facts.block.number - start)) / Math.max(1, next - start));
  const bar = '█'.repeat(Math.max(0, Math.min(BAR_CHARACTERS, filled))).padEnd(BAR_CHARACTERS, '░');
  const period = facts.commitReveal?.revealPeriodEpochs ?? 1;
  return [
    `netuid ${facts.netuid} at block ${facts.block.number}`,
    `  ${start} ${bar} ${next}`,
    `next epoch in ${counted(blocks, 'block')} (about ${duration(blocks * identity.blockTimeMs)}), then every ${facts.epochClock === null ? facts.tempo + 1 : facts.tempo} blocks`,
    facts.epochClock === null
      ? 'clock: by formula, (block + netuid + 2) is a multiple of (tempo + 1)'
      : `clock: kept by the chain, epoch ${facts.epochClock.index}${facts.epochClock.pendingEpochAt > 0 ? `, deferred to block ${facts.epochClock.pendingEpochAt}` : ''}`,
    `weights: at most once in ${counted(facts.rateLimitBlocks, 'block')}, ${facts.commitRevealEnabled ? `committed first, revealed ${counted(period, 'epoch')} later` : 'set openly'}`,
  ].join('\n');
}
