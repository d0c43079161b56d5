import { type BeaconGenesis, createDevBeacon } from '../../chain/devchain/beacon.js';
import { startBlock } from '../../chain/devchain/epoch.js';
import type { GenerationName } from '../../chain/devchain/generation.js';
import { accountOf, DEV_BEACON, devAddress, devGenesis, type SubnetGenesis, writeGenesis } from '../../chain/devchain/genesis.js';
import { type CallContext, type DepositedEvent, ModuleError, type Origin } from '../../chain/devchain/pallet.js';
import { increaseStake } from '../../chain/devchain/pallets/subtensor/staking.js';
import { createRuntime } from '../../chain/devchain/runtime.js';
import { runtimeCall } from '../../chain/devchain/runtime-call.js';
import { createOverlay } from '../../chain/devchain/state.js';
import { fromHex } from '../../protocol/digest.js';
import { type Hotkey, hotkeyFromPublicKey } from '../../protocol/names.js';

/** The hotkey of a development key such as `//Alice`. */
export function hotkeyOf(uri: string): Hotkey {
  return hotkeyFromPublicKey(fromHex(accountOf(devAddress(uri)).slice(2)));
}

export const BLOCK_MS = 12_000;
export const NETUID = 1;

/** The pallets alone: calls without signatures, blocks without hashes; 12 seconds a block, the beacon's time begins at block 0. */
export function createLedger(
  options: {
    readonly subnet?: Partial<SubnetGenesis>;
    readonly generation?: GenerationName;
    readonly adminFreezeWindow?: number;
    readonly ownerHyperparamEpochs?: number;
  } = {},
) {
  const runtime = createRuntime({ blockTimeMs: BLOCK_MS, generation: options.generation ?? 'clock' });
  const beaconGenesis: BeaconGenesis = { ...DEV_BEACON, genesisSeconds: 0 };
  const store = createOverlay({ get: () => null, keysWith: () => [] });
  const { adminFreezeWindow = 0, ownerHyperparamEpochs = 0 } = options;
  writeGenesis(
    store,
    devGenesis({ beacon: beaconGenesis, adminFreezeWindow, ownerHyperparamEpochs, subnet: { weightsRateLimit: 0, ...options.subnet } }),
  );
  // The owner, at uid 0, is the validator of these tests.
  increaseStake(store, accountOf(devAddress('//AliceHot')), accountOf(devAddress('//Alice')), NETUID, 100_000_000_000n);
  const beacon = createDevBeacon(beaconGenesis);
  let block = 0;
  let events: DepositedEvent[] = [];
  const context = (): CallContext => ({ store, block, rules: runtime.generation.rules, deposit: (event) => void events.push(event) });
  const idOf = (uri: string) => accountOf(devAddress(uri));
  const definitionOf = (path: string) => {
    const [pallet = '', name = ''] = path.split('.');
    const definition = runtime.palletNamed(pallet).calls.find((one) => one.name === name);
    if (definition === undefined) throw new Error(`no call ${path}`);
    return { pallet: runtime.palletNamed(pallet), definition };
  };

  const ledger = {
    store,
    faults: beacon.faults,
    beacon: beaconGenesis,
    idOf,
    block: () => block,
    /** Makes blocks; the events of the last one start anew. */
    step: (count = 1) => {
      for (let i = 0; i < count; i += 1) {
        block += 1;
        events = [];
        beacon.write(context(), block * BLOCK_MS);
        startBlock(context());
      }
    },
    /** Names of the events since the last block began, those of pulses left out. */
    events: () => events.map(({ event }) => (event as { type: string }).type).filter((type) => type !== 'NewPulse'),
    valuesOf: (name: string) =>
      events.flatMap(({ event }) => ((event as { type: string }).type === name ? [(event as { value: unknown }).value] : [])),
    /** Null: it succeeded; else the name of the refusal. */
    call: (signer: string | Origin, path: string, args: Record<string, unknown>): string | null => {
      const { pallet, definition } = definitionOf(path);
      const origin: Origin = typeof signer === 'string' ? { kind: 'signed', account: idOf(signer) } : signer;
      const refusal = runtimeCall(pallet, definition, args).attempt(context(), origin);
      if (refusal === null) return null;
      return refusal instanceof ModuleError ? refusal.error : refusal.kind;
    },
    /** What the pool says of it: null, or the error it maps to a number. */
    pool: (signer: string, path: string, args: Record<string, unknown>): string | null => {
      try {
        definitionOf(path).definition.guard?.(context(), idOf(signer), args);
        return null;
      } catch (error) {
        if (error instanceof ModuleError) return error.error;
        throw error;
      }
    },
    root: { kind: 'root' } as const,
  };
  return ledger;
}

export type Ledger = ReturnType<typeof createLedger>;
