/** What the chain says beside a refusal's name: how many blocks to wait, what is asked and what there is. Read only after a refusal. */
import { commitHash } from '../commit-hash.js';
import { blocksUntilEpoch, epochSpan } from '../epoch.js';
import type { ChainReader, CommitWeights, RevealWeights, SetWeights, WeightFacts } from '../ports.js';
import type { RefusedCall } from '../refusals.js';
import type { Hotkey } from '../snapshot.js';

/** Shape: code of a refusal → facts that make its message and its hint exact. */
export type Explain = (code: string) => Promise<Partial<RefusedCall>>;

type Matrix = Pick<CommitWeights, 'netuid' | 'mechanism'>;

/** Blocks to let pass until what is sent is in block `number` or later: it is in the next one at the earliest. */
const until = (number: number, { block }: { readonly block: { readonly number: number } }) => Math.max(1, number - 1 - block.number);

/** Of an open vector, or of the one in a reveal. */
export function explainWeights(reader: ChainReader, hotkey: Hotkey, request: SetWeights): Explain {
  return async (code) => {
    if (!['chain.version_key', 'chain.too_few_weights'].includes(code)) return explainMatrix(reader, hotkey, request)(code);
    const facts = await reader.weightFacts(request.netuid, request.mechanism, hotkey);
    if (code === 'chain.version_key') return { versionKey: request.versionKey, requiredVersionKey: facts.weightsVersionKey };
    return { weightCount: request.uids.length, requiredWeightCount: Math.min(facts.neuronCount, facts.minAllowedWeights) };
  };
}

export function explainReveal(reader: ChainReader, hotkey: Hotkey, request: RevealWeights): Explain {
  return async (code) => {
    if (code !== 'chain.reveal_too_early') return explainWeights(reader, hotkey, request)(code);
    const facts = await reader.weightFacts(request.netuid, request.mechanism, hotkey);
    const hash = commitHash(hotkey, request);
    const commit = facts.commitReveal?.hashCommits.find((candidate) => candidate.hash === hash);
    return commit === undefined ? {} : untilEpoch(facts, commit.epoch + (facts.commitReveal?.revealPeriodEpochs ?? 1));
  };
}

/** Of a commit, by hash or timelocked. */
export function explainCommit(reader: ChainReader, hotkey: Hotkey, request: Matrix & { readonly version?: number }): Explain {
  return async (code) => {
    if (!['chain.too_many_commits', 'chain.timelock_version'].includes(code)) return explainMatrix(reader, hotkey, request)(code);
    const facts = await reader.weightFacts(request.netuid, request.mechanism, hotkey);
    const { commitReveal } = facts;
    if (commitReveal === null) return {};
    if (code === 'chain.timelock_version') {
      const { timelockVersion } = commitReveal;
      return timelockVersion === null || request.version === undefined
        ? {}
        : { givenVersion: request.version, requiredVersion: timelockVersion };
    }
    const oldest = commitReveal[request.version === undefined ? 'hashCommits' : 'timelockedCommits'][0];
    return oldest === undefined ? {} : untilEpoch(facts, oldest.epoch + commitReveal.revealPeriodEpochs + 1);
  };
}

function explainMatrix(reader: ChainReader, hotkey: Hotkey, { netuid, mechanism }: Matrix): Explain {
  return async (code) => {
    if (!['chain.rate_limited', 'chain.stake_too_low', 'chain.no_permit'].includes(code)) return {};
    const facts = await reader.weightFacts(netuid, mechanism, hotkey);
    if (code === 'chain.stake_too_low') return { stakeRao: facts.stakeRao, requiredRao: facts.stakeThresholdRao };
    if (code === 'chain.no_permit') return untilNextEpoch(facts);
    return { blocksLeft: until(facts.lastUpdate + facts.rateLimitBlocks, facts) };
  };
}

export function explainServing(reader: ChainReader, hotkey: Hotkey, netuid: number): Explain {
  return async (code) => {
    if (code !== 'chain.rate_limited') return {};
    const snapshot = await reader.snapshot(netuid);
    const { hyperparameters, neurons } = snapshot;
    const axon = neurons.find((neuron) => neuron.hotkey === hotkey)?.axon;
    if (axon === null || axon === undefined) return {};
    return { blocksLeft: until(axon.block + hyperparameters.servingRateLimitBlocks, snapshot) };
  };
}

/** The space is counted per epoch on newer runtimes; older ones have a distance between two commitments instead. */
export function explainCommitment(reader: ChainReader, hotkey: Hotkey, netuid: number, rateLimitBlocks: () => number | null): Explain {
  return async (code) => {
    if (code === 'chain.commitment_full') return untilNextEpoch(await reader.weightFacts(netuid, 0, hotkey));
    const limit = rateLimitBlocks();
    if (code !== 'chain.rate_limited' || limit === null) return {};
    const snapshot = await reader.snapshot(netuid);
    const last = snapshot.neurons.find((neuron) => neuron.hotkey === hotkey)?.commitment?.block;
    return last === undefined ? {} : { blocksLeft: until(last + limit, snapshot) };
  };
}

export function explainRegistration(reader: ChainReader, coldkey: Hotkey, netuid: number, limitRao: bigint | undefined): Explain {
  return async (code) => {
    if (!['chain.insufficient_balance', 'chain.price_above_limit', 'chain.no_seat'].includes(code)) return {};
    const snapshot = await reader.snapshot(netuid);
    const { hyperparameters, neurons } = snapshot;
    const priceRao = hyperparameters.burnRao;
    if (code === 'chain.insufficient_balance') return { priceRao, balanceRao: await reader.balanceOf(coldkey) };
    if (code === 'chain.price_above_limit') return { priceRao, ...(limitRao === undefined ? {} : { limitRao }) };
    const oldest = Math.min(...neurons.map(({ registeredAt }) => registeredAt));
    return { blocksLeft: until(oldest + hyperparameters.immunityPeriodBlocks, snapshot) };
  };
}

export function explainStaking(reader: ChainReader, coldkey: Hotkey, amountRao: bigint): Explain {
  return async (code) =>
    code === 'chain.insufficient_balance' ? { priceRao: amountRao, balanceRao: await reader.balanceOf(coldkey) } : {};
}

function untilNextEpoch(facts: WeightFacts): Partial<RefusedCall> {
  const blocksLeft = blocksUntilEpoch(facts);
  return blocksLeft === null ? {} : { blocksLeft };
}

/** Blocks until a call belongs to that epoch. */
function untilEpoch(facts: WeightFacts, epoch: number): Partial<RefusedCall> {
  const span = epochSpan(facts, epoch);
  return span === null ? {} : { blocksLeft: until(span.from, facts) };
}
