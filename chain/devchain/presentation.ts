/** The state as a generation shows it: some items stand elsewhere or in another form, and those it does not know are not there. */
import type { Generation } from './generation-shape.js';
import type { Pallet } from './pallet.js';
import { type ItemDescription, type StoreView, storagePrefix } from './storage-item.js';

/** `0x` and the two hashes of pallet and item. */
const PREFIX_LENGTH = 66;

export interface Presentation {
  /** Shape: the state as it is kept → as clients may see it. */
  view(kept: StoreView): StoreView;
  /** The kept key behind a key of a client; null: nothing is kept there. */
  keptKey(shown: string): string | null;
}

interface Entry {
  /** Null: nothing is kept. */
  readonly prefix: string | null;
  readonly value: (kept: string) => string;
}

const prefixOf = ({ pallet, name }: ItemDescription) => storagePrefix(pallet, name);
const same = (kept: string) => kept;

export function presentationOf(generation: Generation, pallets: readonly Pallet[]): Presentation {
  const items = pallets.flatMap(({ storage }) => storage);
  const hidden = items
    .filter(({ pallet, name }) => generation.lacks.has(pallet) || generation.lacks.has(`${pallet}.${name}`))
    .map(prefixOf);
  const entries = new Map<string, Entry>(hidden.map((prefix) => [prefix, { prefix: null, value: same }]));
  const shownAs = new Map<string, string | null>(hidden.map((prefix) => [prefix, null]));
  for (const { item, keptAs, value } of generation.shows) {
    entries.set(prefixOf(item), { prefix: keptAs === null ? null : prefixOf(keptAs), value: value ?? same });
    shownAs.set(keptAs === null ? prefixOf(item) : prefixOf(keptAs), keptAs === null ? null : prefixOf(item));
  }

  const entryOf = (key: string) => entries.get(key.slice(0, PREFIX_LENGTH));
  const keptKey = (shown: string): string | null => {
    const entry = entryOf(shown);
    if (entry === undefined) return shown;
    return entry.prefix === null ? null : entry.prefix + shown.slice(PREFIX_LENGTH);
  };
  const shownKeys = (kept: string): readonly string[] => {
    const prefix = shownAs.get(kept.slice(0, PREFIX_LENGTH));
    if (prefix === undefined) return [kept];
    return prefix === null ? [] : [prefix + kept.slice(PREFIX_LENGTH)];
  };

  return {
    keptKey,
    view: (kept) =>
      entries.size === 0
        ? kept
        : {
            get: (key) => {
              const at = keptKey(key);
              const found = at === null ? null : kept.get(at);
              return found === null ? null : (entryOf(key)?.value ?? same)(found);
            },
            keysWith: (prefix) => {
              if (prefix.length < PREFIX_LENGTH) return kept.keysWith(prefix).flatMap(shownKeys).sort();
              const at = keptKey(prefix);
              return at === null ? [] : kept.keysWith(at).flatMap(shownKeys);
            },
          },
  };
}
