import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import type { ApiOptions, SubmittableExtrinsic } from '@polkadot/api/types';

type Extrinsic = SubmittableExtrinsic<'promise'>;

/** Hands in calls as the chain's sudo key, //Alice: in one transaction where the chain knows batches, else one after the other. */
export async function asSudo(endpoint: string, calls: (api: ApiPromise) => readonly (Extrinsic | undefined)[]): Promise<void> {
  // Safety: the library's own provider; its declared types differ in an optional property only.
  const provider = new WsProvider(endpoint) as NonNullable<ApiOptions['provider']>;
  const api = await ApiPromise.create({ provider, noInitWarn: true });
  try {
    const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');
    const batch = api.tx['utility']?.['batchAll'];
    for (const call of batch === undefined ? calls(api) : [batch(calls(api))]) {
      const sudo = api.tx['sudo']?.['sudo'];
      if (call === undefined || sudo === undefined) throw new TypeError('this runtime lacks a call of the test');
      const nonce = await api.rpc.system.accountNextIndex(alice.address);
      await sudo(call).signAndSend(alice, { nonce });
    }
  } finally {
    await api.disconnect();
  }
}

/** The chain's safe mode, entered for as long as its runtime has it, or left. */
export function safeModeCalls(entered: boolean): (api: ApiPromise) => readonly (Extrinsic | undefined)[] {
  return (api) => [entered ? api.tx['safeMode']?.['forceEnter']?.() : api.tx['safeMode']?.['forceExit']?.()];
}

/** Commit-reveal of a subnet on or off, with a reveal period of one epoch. */
export function commitRevealCalls(netuid: number, enabled: boolean): (api: ApiPromise) => readonly (Extrinsic | undefined)[] {
  return (api) => [
    api.tx['adminUtils']?.['sudoSetCommitRevealWeightsInterval']?.(netuid, 1),
    api.tx['adminUtils']?.['sudoSetCommitRevealWeightsEnabled']?.(netuid, enabled),
  ];
}
