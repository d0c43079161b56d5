import { modelClaims } from '../../chain/registry.js';
import { holdsIt, type TransferEvent } from './fetching.js';
import { BLOCK_MS, type Inhabitant, type World } from './world.js';

/** A model that one honest holder could have given all the while has come by then: after a rest, and a wait, of a minute each. */
export const COMES_WITHIN_MS = 180_000;

export interface TransferFigures {
  readonly begun: number;
  readonly whole: number;
  /** By code; those that ended because their process did among them. */
  readonly failed: Readonly<Record<string, number>>;
  /** Providers dropped, by code. */
  readonly dropped: Readonly<Record<string, number>>;
  /** From the first question to the last byte, of those that came whole. */
  readonly longestMs: number;
  /** Longest time in which a model did not come though one honest holder could be reached. */
  readonly longestWaitMs: number;
  readonly streams: ReturnType<World['streams']['figures']>;
}

export interface TransferObserver {
  figures(): TransferFigures;
}

const LIES: ReadonlySet<string> = new Set(['p2p.wrong_manifest', 'p2p.wrong_bytes', 'p2p.protocol_violation']);

/** Watches how models come: that nothing else is taken for one, that the honest are not blamed for lies, and that liars do not keep one from coming. */
export function observeTransfers(
  world: World,
  { note, violated }: { readonly note: (...facts: readonly (string | number)[]) => void; readonly violated: (what: string) => void },
): TransferObserver {
  const { timeline, network, inhabitants } = world;
  const counts = { begun: 0, whole: 0, longestMs: 0, longestWaitMs: 0 };
  const failed = new Map<string, number>();
  const dropped = new Map<string, number>();
  /** Asker and model → since when this honest one could have given it. Bounded by what is wanted now. */
  let waiting = new Map<string, { readonly holder: Inhabitant; readonly sinceMs: number }>();
  const called = (name: string) => inhabitants.find((one) => one.name === name);
  const count = (counts: Map<string, number>, code: string) => counts.set(code, (counts.get(code) ?? 0) + 1);

  world.onTransfer((event: TransferEvent) => {
    note(
      'transfer',
      event.what,
      event.by,
      ...('model' in event ? [event.model] : []),
      ...('code' in event ? [event.code, event.peer] : []),
    );
    if (event.what === 'begun') counts.begun += 1;
    else if (event.what === 'whole') {
      counts.whole += 1;
      counts.longestMs = Math.max(counts.longestMs, event.elapsedMs);
      if (!event.isExact) violated(`${event.by} took something else for model ${event.model}`);
    } else if (event.what === 'failed') count(failed, event.code);
    else if (event.what === 'offence') violated(`${event.by} holds ${event.code} against ${event.peer}, who asked as the program asks`);
    else {
      count(dropped, event.code);
      if (LIES.has(event.code) && called(event.peer)?.honest === true)
        violated(`${event.by} takes honest ${event.peer} for a liar: ${event.code}`);
    }
  });

  const givesIt = (holder: Inhabitant, to: Inhabitant, model: string, sinceMs: number) =>
    holder !== to &&
    holder.honest &&
    holder.running !== null &&
    holder.upSinceMs <= sinceMs &&
    holdsIt(holder, model) &&
    inhabitants.includes(holder) &&
    network.reaches(to.name, holder.name);

  async function look(): Promise<void> {
    const nowMs = timeline.clock.nowMs();
    const still: typeof waiting = new Map();
    const claims = new Map(modelClaims(await world.snapshot()).map(({ hotkey, block }) => [hotkey, block]));
    for (const one of inhabitants) {
      if (!one.honest || one.validator === null || one.running === null || nowMs < one.stalledUntilMs) continue;
      const announced = await one.stores.announcements.active(nowMs);
      for (const { hotkey, model, commitmentBlock, state } of await one.stores.models.list()) {
        const isWanted = (state === 'announced' || state === 'retry') && claims.get(hotkey) === commitmentBlock;
        if (!isWanted || !announced.some((row) => row.hotkey === hotkey && row.model === model)) continue;
        const key = `${one.name}/${model}`;
        const before = waiting.get(key);
        const same = before !== undefined && one.upSinceMs <= before.sinceMs && givesIt(before.holder, one, model, before.sinceMs);
        const holder = same ? before.holder : inhabitants.find((each) => givesIt(each, one, model, nowMs));
        if (holder === undefined) continue;
        const sinceMs = same ? before.sinceMs : nowMs;
        still.set(key, { holder, sinceMs });
        counts.longestWaitMs = Math.max(counts.longestWaitMs, nowMs - sinceMs);
        if (nowMs - sinceMs >= COMES_WITHIN_MS && nowMs - sinceMs < COMES_WITHIN_MS + BLOCK_MS)
          violated(`model ${model} does not come to ${one.name}, though ${holder.name} holds it`);
      }
    }
    waiting = still;
    timeline.after(BLOCK_MS, look);
  }
  timeline.after(BLOCK_MS, look);

  return {
    figures: () => ({
      ...counts,
      failed: Object.fromEntries([...failed].sort()),
      dropped: Object.fromEntries([...dropped].sort()),
      streams: world.streams.figures(),
    }),
  };
}
