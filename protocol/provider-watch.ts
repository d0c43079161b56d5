/** How long each provider of a transfer may let us wait. Time is passed in; only time in which it owes something counts. */
export interface TransferTimeouts {
  /** Until the first answer of a provider. */
  readonly firstByteMs: number;
  /** Between two answers. */
  readonly idleMs: number;
  /** Time owing something over which its rate is taken. */
  readonly rateWindowMs: number;
  /** Slower than this it is dropped, whoever else there is. */
  readonly bytesPerSecondMin: number;
  /** Slower than this it is dropped when another one is at work that is not. */
  readonly bytesPerSecondWanted: number;
  /** With nothing to do for so long it gives its seat back, without blame, before the other side takes it: an idle provider is not a slow one. */
  readonly withoutWorkMs: number;
}

export type Lateness =
  | { readonly id: string; readonly reason: 'silent'; readonly waitedMs: number }
  | { readonly id: string; readonly reason: 'slow'; readonly bytesPerSecond: number };

export interface ProviderWatch {
  /** It owes one more answer. */
  asked(id: string, nowMs: number): void;
  /** `isLast`: it owes one less. */
  answered(id: string, bytes: number, isLast: boolean, nowMs: number): void;
  forget(id: string): void;
  /** Those to drop now. At most one is dropped for being slower than others; the next one may be fast enough without it. */
  late(nowMs: number): readonly Lateness[];
  /** Nobody owes anything. */
  isIdle(): boolean;
}

interface Watched {
  owes: number;
  answered: boolean;
  /** Since when it has let us wait for the next answer. */
  sinceMs: number;
  /** Owing time and bytes of the window under way. */
  countedToMs: number;
  owedMs: number;
  bytes: number;
  /** Of the last full window; null: none yet. */
  bytesPerSecond: number | null;
}

export function createProviderWatch(timeouts: TransferTimeouts): ProviderWatch {
  // Bounded by the transfer: it adds as many providers as it may ask.
  const watched = new Map<string, Watched>();

  function countTime(provider: Watched, nowMs: number): void {
    if (provider.owes > 0) provider.owedMs += nowMs - provider.countedToMs;
    provider.countedToMs = nowMs;
    if (provider.owedMs < timeouts.rateWindowMs) return;
    provider.bytesPerSecond = Math.round((provider.bytes * 1000) / provider.owedMs);
    provider.owedMs = 0;
    provider.bytes = 0;
  }

  return {
    asked(id, nowMs) {
      const provider = watched.get(id) ?? {
        owes: 0,
        answered: false,
        sinceMs: nowMs,
        countedToMs: nowMs,
        owedMs: 0,
        bytes: 0,
        bytesPerSecond: null,
      };
      countTime(provider, nowMs);
      if (provider.owes === 0) provider.sinceMs = nowMs;
      provider.owes += 1;
      watched.set(id, provider);
    },
    answered(id, bytes, isLast, nowMs) {
      const provider = watched.get(id);
      if (provider === undefined) return;
      provider.bytes += bytes;
      countTime(provider, nowMs);
      if (isLast) provider.owes -= 1;
      provider.answered = true;
      provider.sinceMs = nowMs;
    },
    forget: (id) => void watched.delete(id),
    isIdle: () => [...watched.values()].every(({ owes }) => owes === 0),
    late(nowMs) {
      const late: Lateness[] = [];
      let slowest: { readonly id: string; readonly bytesPerSecond: number } | null = null;
      let fastEnough = false;
      for (const [id, provider] of watched) {
        countTime(provider, nowMs);
        const limitMs = provider.answered ? timeouts.idleMs : timeouts.firstByteMs;
        const { bytesPerSecond } = provider;
        if (provider.owes > 0 && nowMs - provider.sinceMs >= limitMs) late.push({ id, reason: 'silent', waitedMs: limitMs });
        else if (bytesPerSecond !== null && bytesPerSecond < timeouts.bytesPerSecondMin) late.push({ id, reason: 'slow', bytesPerSecond });
        else if (bytesPerSecond === null || bytesPerSecond >= timeouts.bytesPerSecondWanted) fastEnough ||= provider.answered;
        else if (slowest === null || bytesPerSecond < slowest.bytesPerSecond) slowest = { id, bytesPerSecond };
      }
      if (slowest !== null && fastEnough) late.push({ ...slowest, reason: 'slow' });
      return late;
    },
  };
}
