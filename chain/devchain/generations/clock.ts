/** Spec 423 and later: the epoch clock is state. The pallets as they are written. */
import type { Generation } from '../generation-shape.js';

export const CLOCK: Generation = {
  specVersion: 425,
  rules: { epochClock: 'state', poolChecks: true, yuma3: true, safeMode: true },
  lacks: new Set(),
  shows: [],
  calls: new Map(),
  events: new Map(),
  errors: new Map(),
  extensions: ['SudoTransactionExtension', 'CheckShieldedTxValidity', 'SubtensorTransactionExtension', 'DrandPriority'],
  wrappedAnswers: false,
};
