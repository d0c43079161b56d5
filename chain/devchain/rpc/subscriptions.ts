/** Questions with many answers: heads, storage, the fate of a transaction. */
import type { Block } from '../block.js';
import type { Chain, PoolEvent } from '../chain.js';
import type { Changes } from '../state.js';
import { headerJson, type SubmissionFaults, submitTo } from './methods.js';
import { optional, param } from './params.js';

/** Sends one answer to the subscriber. */
export type Notify = (result: unknown) => void;
/** Starts a subscription; `notify` may be called at once, it is delivered after the answer to the request. Returns the way to stop. */
export type Subscribe = (params: readonly unknown[], notify: Notify) => () => void;

export interface Subscription {
  readonly names: readonly string[];
  /** Method of the notifications. */
  readonly notification: string;
  readonly unsubscribe: readonly string[];
  readonly start: Subscribe;
}

/** Which transaction took the place is not worth inventing. */
const USURPER = `0x${'00'.repeat(32)}`;
/** Storage keys that one subscription may watch. */
export const MAX_WATCHED_KEYS = 4096;

export function createSubscriptions(chain: Chain, faults: SubmissionFaults): readonly Subscription[] {
  const heads: Subscribe = (_params, notify) => {
    const onBlock = (block: Block) => notify(headerJson(block));
    notify(headerJson(chain.head()));
    chain.events.on('block', onBlock);
    return () => chain.events.off('block', onBlock);
  };
  const allHeads: Subscribe = (_params, notify) => {
    const onImported = (block: Block) => notify(headerJson(block));
    notify(headerJson(chain.head()));
    chain.events.on('imported', onImported);
    return () => chain.events.off('imported', onImported);
  };
  const finalizedHeads: Subscribe = (_params, notify) => {
    const onFinalized = (block: Block) => notify(headerJson(block));
    notify(headerJson(chain.finalized()));
    chain.events.on('finalized', onFinalized);
    return () => chain.events.off('finalized', onFinalized);
  };
  const storage: Subscribe = (params, notify) => {
    const keys = optional(params, 0, param.keys) ?? [];
    const entryOf = (key: string) => [key, chain.runtime().presentation.view(chain.now()).get(key)] as const;
    notify({ block: chain.head().hash, changes: keys.map(entryOf) });
    const onBlock = (block: Block, changes: Changes) => {
      const { keptKey } = chain.runtime().presentation;
      const changed = keys.filter((key) => changes.has(keptKey(key) ?? ''));
      if (changed.length > 0) notify({ block: block.hash, changes: changed.map(entryOf) });
    };
    chain.events.on('block', onBlock);
    return () => chain.events.off('block', onBlock);
  };
  const version: Subscribe = (_params, notify) => {
    const onUpgrade = () => notify(chain.runtime().version);
    onUpgrade();
    chain.events.on('upgraded', onUpgrade);
    return () => chain.events.off('upgraded', onUpgrade);
  };

  return [
    {
      names: ['chain_subscribeNewHead', 'chain_subscribeNewHeads', 'subscribe_newHead'],
      notification: 'chain_newHead',
      unsubscribe: ['chain_unsubscribeNewHead', 'chain_unsubscribeNewHeads', 'unsubscribe_newHead'],
      start: heads,
    },
    { names: ['chain_subscribeAllHeads'], notification: 'chain_allHead', unsubscribe: ['chain_unsubscribeAllHeads'], start: allHeads },
    {
      names: ['chain_subscribeFinalizedHeads', 'chain_subscribeFinalisedHeads'],
      notification: 'chain_finalizedHead',
      unsubscribe: ['chain_unsubscribeFinalizedHeads', 'chain_unsubscribeFinalisedHeads'],
      start: finalizedHeads,
    },
    { names: ['state_subscribeStorage'], notification: 'state_storage', unsubscribe: ['state_unsubscribeStorage'], start: storage },
    {
      names: ['state_subscribeRuntimeVersion', 'chain_subscribeRuntimeVersion'],
      notification: 'state_runtimeVersion',
      unsubscribe: ['state_unsubscribeRuntimeVersion', 'chain_unsubscribeRuntimeVersion'],
      start: version,
    },
    {
      names: ['author_submitAndWatchExtrinsic'],
      notification: 'author_extrinsicUpdate',
      unsubscribe: ['author_unwatchExtrinsic'],
      start: (params, notify) => watch(chain, faults, params, notify),
    },
  ];
}

/** ready (or future) → inBlock (→ retracted → inBlock) → finalized; or invalid, dropped, usurped. */
function watch(chain: Chain, faults: SubmissionFaults, params: readonly unknown[], notify: Notify): () => void {
  const { extrinsic, ready } = submitTo(chain, faults, params);
  let included: Block | null = null;
  let isReady = ready;
  notify(ready ? 'ready' : 'future');
  const onPool = (event: PoolEvent) => {
    if (event.extrinsic.hash !== extrinsic.hash) return;
    if (event.kind === 'invalid' || event.kind === 'dropped') {
      notify(event.kind);
      return stop();
    }
    if (event.kind === 'usurped') {
      notify({ usurped: USURPER });
      return stop();
    }
    if (event.kind === 'retracted') {
      included = null;
      return notify({ retracted: event.block.hash });
    }
    if (!isReady) notify('ready');
    isReady = true;
    included = event.block;
    notify({ inBlock: event.block.hash });
  };
  const onFinalized = (block: Block) => {
    if (block.hash !== included?.hash) return;
    notify({ finalized: block.hash });
    stop();
  };
  const stop = () => {
    chain.events.off('pool', onPool);
    chain.events.off('finalized', onFinalized);
  };
  chain.events.on('pool', onPool);
  chain.events.on('finalized', onFinalized);
  return stop;
}
