/**
 * `dev_*`: the chain's own ways, for tests. Answered even while the line is made bad, and on loopback only. Each says what it did.
 * Parameters are positional, options are one object.
 */
import { z } from 'zod';
import { isFailure } from '../../../protocol/failure.js';
import type { BlockRef, DevchainFaults } from '../faults.js';
import { GENERATION_NAMES } from '../generation.js';
import { invalidParams } from './errors.js';
import type { Method, Methods } from './methods.js';
import { optional, required } from './params.js';

/** Blocks that one request makes. */
export const MAX_MINTED_BLOCKS = 5_000;

export interface AdminDeps {
  readonly faults: DevchainFaults;
  mint(blocks: number): BlockRef;
  readonly log: (event: string, facts: object) => void;
}

const flag = z.boolean();
const whole = z.number().int().nonnegative();
const schema = {
  blocks: z.number().int().min(1).max(MAX_MINTED_BLOCKS),
  refusal: z.strictObject({
    code: z.number().int(),
    message: z.string().max(1000),
    data: z.string().max(1000).optional(),
    count: whole.optional(),
  }),
  drop: z.strictObject({ count: whole.optional(), as: z.enum(['dropped', 'usurped', 'silence']).optional() }),
  reorg: z.union([
    whole.transform((depth) => ({ depth })),
    z.strictObject({ depth: whole, transactions: z.enum(['return', 'lose']).optional() }),
  ]),
  upgrade: z.strictObject({ specVersion: whole.optional(), generation: z.enum(GENERATION_NAMES).optional() }),
  pruning: z.strictObject({ netuid: whole.max(65_535), uid: whole.max(65_535), hotkey: z.string().max(64).optional() }),
  pulses: z.enum(['late', 'stop', 'resume']),
  ms: z.number().nonnegative(),
} as const;

/** What zod leaves undefined is not there. */
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // Safety: exactly the undefined members are left out.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function createAdminMethods({ faults, mint, log }: AdminDeps): Methods {
  const methods: readonly (readonly [string, Method])[] = [
    ['dev_mint', (params) => ({ head: mint(optional(params, 0, schema.blocks) ?? 1) })],
    ['dev_dropSockets', () => ({ dropped: faults.dropSockets() })],
    ['dev_halfOpen', (params) => ({ silent: told(faults.halfOpen, optional(params, 0, flag) ?? true) })],
    ['dev_delay', (params) => ({ delayMs: told(faults.delay, required(params, 0, schema.ms)) })],
    ['dev_stallHeads', (params) => ({ stalled: told(faults.stallHeads, optional(params, 0, flag) ?? true) })],
    ['dev_stallFinality', (params) => ({ stalled: told(faults.stallFinality, optional(params, 0, flag) ?? true) })],
    [
      'dev_reject',
      (params) => {
        const refusal = optional(params, 0, schema.refusal);
        faults.reject(refusal === null ? null : given(refusal));
        return { rejects: refusal === null ? 0 : (refusal.count ?? 1) };
      },
    ],
    [
      'dev_dropTransactions',
      (params) => {
        const order = optional(params, 0, schema.drop) ?? {};
        faults.dropTransactions(given(order));
        return { drops: order.count ?? 1 };
      },
    ],
    ['dev_reorg', (params) => faults.reorg(given(required(params, 0, schema.reorg)))],
    ['dev_upgrade', (params) => ({ block: faults.upgrade(given(optional(params, 0, schema.upgrade) ?? {})) })],
    ['dev_pruneUid', (params) => ({ block: faults.pruneUid(given(required(params, 0, schema.pruning))) })],
    [
      'dev_pulses',
      (params) => {
        const what = required(params, 0, schema.pulses);
        const lateMs = what === 'late' ? required(params, 1, schema.ms) : 0;
        faults.stopPulses(what === 'stop');
        faults.delayPulses(lateMs);
        return { stopped: what === 'stop', lateMs };
      },
    ],
    ['dev_safeMode', (params) => ({ block: faults.safeMode(required(params, 0, whole)) })],
    ['dev_warp', (params) => ({ seconds: told(faults.warp, required(params, 0, z.number())) })],
  ];
  return new Map(methods.map(([name, method]) => [name, (params) => said(name, params, method)]));

  function said(name: string, params: readonly unknown[], method: Method): unknown {
    try {
      const answer = method(params);
      log(name, { params, answer });
      return answer;
    } catch (error) {
      if (isFailure(error)) throw invalidParams(error.message);
      throw error;
    }
  }
}

function told<T>(tell: (value: T) => void, value: T): T {
  tell(value);
  return value;
}
