/** The epoch clock of the pallet, one block after another, in its own order: for comparison with what is foreseen. */
export interface PalletClock {
  /** Builds that block. `started`: the epoch its reveals belong to; `called`: the epoch its calls belong to; `ran`: whether an epoch ran. */
  step(block: number): { readonly started: number; readonly called: number; readonly ran: boolean };
}

export interface PalletClockState {
  readonly tempo: number;
  readonly lastEpochBlock: number;
  readonly pendingEpochAt: number;
  readonly index: number;
  readonly blocksSinceLastStep: number;
}

/** `isPutOff`: the blocks in which the chain runs as many epochs as it may before it comes to this subnet. */
export function createPalletClock(start: PalletClockState, isPutOff: (block: number) => boolean = () => false): PalletClock {
  let { lastEpochBlock, pendingEpochAt, index, blocksSinceLastStep } = start;
  const shouldRun = (block: number) => {
    if (start.tempo === 0) return false;
    if (pendingEpochAt > 0 && block >= pendingEpochAt) return true;
    if (blocksSinceLastStep > 50_400) return true;
    return Math.max(0, block - lastEpochBlock) >= start.tempo;
  };
  const withLookahead = (block: number) => index + (shouldRun(block) ? 1 : 0);
  return {
    step(block) {
      const started = withLookahead(block);
      blocksSinceLastStep += 1;
      let ran = false;
      if (shouldRun(block)) {
        if (isPutOff(block)) pendingEpochAt = block + 1;
        else {
          ran = true;
          blocksSinceLastStep = 0;
          lastEpochBlock = block;
          pendingEpochAt = 0;
          index += 1;
        }
      }
      return { started, called: withLookahead(block), ran };
    },
  };
}
