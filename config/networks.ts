/** What is known about the networks: the layer above the defaults. */
export type NetworkName = 'finney' | 'test' | 'local' | 'devnet';

/** Per network, settings by path. */
export const NETWORKS: Readonly<Record<NetworkName, Readonly<Record<string, unknown>>>> = {
  finney: {
    'chain.endpoints': ['wss://entrypoint-finney.opentensor.ai:443', 'wss://lite.sub.latent.to:443'],
    'chain.genesis': '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03',
    'chain.beacon': 'quicknet',
  },
  test: {
    'chain.endpoints': ['wss://test.finney.opentensor.ai:443'],
    'chain.genesis': '0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105',
    'chain.beacon': 'quicknet',
  },
  local: {
    'chain.endpoints': ['ws://127.0.0.1:9944'],
    'p2p.allowPrivateAddresses': true,
  },
  devnet: {
    'chain.endpoints': ['ws://127.0.0.1:9944'],
    'chain.netuid': 1,
    'p2p.allowPrivateAddresses': true,
  },
};

/** Chains whose beacon is known, as everything else about them. */
export const PUBLIC_GENESES: ReadonlySet<unknown> = new Set([NETWORKS.finney, NETWORKS.test].map((network) => network['chain.genesis']));

export const NETWORK_NAMES: readonly string[] = Object.keys(NETWORKS);

export function networkNamed(name: string): NetworkName | null {
  // Safety: the name has just been found among the keys.
  return Object.hasOwn(NETWORKS, name) ? (name as NetworkName) : null;
}
