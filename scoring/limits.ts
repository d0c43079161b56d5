import type { EngineName, RunLimits } from './ports.js';

/**
 * What one model may use while it is scored; measured so that a Piper voice of 63 MB fits twice over. The same on every validator: a limit
 * decides about scores.
 */
export const RUN_LIMITS: Readonly<Record<EngineName, RunLimits>> = {
  native: {
    memoryBytes: 1536 * 1024 * 1024,
    cpuSeconds: 900,
    loadTimeoutMs: 60_000,
    utteranceTimeoutMs: 30_000,
    audioSecondsMax: 40,
  },
  wasm: {
    memoryBytes: 3072 * 1024 * 1024,
    cpuSeconds: 2700,
    loadTimeoutMs: 120_000,
    utteranceTimeoutMs: 90_000,
    audioSecondsMax: 40,
  },
};

/**
 * Foreign models and judge threads yield the processor to everything else, so that gossip, the chain and HTTP are answered while all cores score: how
 * much nicer they are than the node, and the nicest there is.
 */
export const NICER_BY = 5;
export const NICEST = 19;
