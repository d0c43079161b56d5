/** Which runtime the chain runs is part of its state, as on every Substrate chain: so the past keeps its own, and a lost block takes its upgrade with it. */
import { z } from 'zod';
import { GENERATION_NAMES, type GenerationName, generationOf } from './generation.js';
import { createRuntime, type Runtime } from './runtime.js';
import { fromHex, toHex } from './scale.js';
import type { Store, StoreView } from './storage-item.js';

/** `:code`, where a real chain keeps its WebAssembly. */
const KEY = '0x3a636f6465';

export interface Code {
  readonly generation: GenerationName;
  readonly specVersion: number;
}

const codeSchema = z.object({ generation: z.enum(GENERATION_NAMES), specVersion: z.number().int().nonnegative() });

export function putCode(store: Store, { generation, specVersion }: Code): void {
  store.put(KEY, toHex(new TextEncoder().encode(JSON.stringify({ generation, specVersion }))));
}

export function codeIn(store: StoreView): Code {
  const found = store.get(KEY);
  if (found === null) throw new RangeError('the state has no runtime');
  return codeSchema.parse(JSON.parse(new TextDecoder().decode(fromHex(found))));
}

export function codeOf(generation: GenerationName = 'clock', specVersion: number = generationOf(generation).specVersion): Code {
  return { generation, specVersion };
}

/** The runtime of a state; each one is made once. */
export type Runtimes = (store: StoreView) => Runtime;

export function createRuntimes({ blockTimeMs }: { readonly blockTimeMs: number }): Runtimes {
  const made = new Map<string, Runtime>();
  return (store) => {
    const code = codeIn(store);
    const key = `${code.generation} ${code.specVersion}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const runtime = createRuntime({ blockTimeMs, ...code });
    made.set(key, runtime);
    return runtime;
  };
}
