import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Clock, Discovery } from '../../protocol/ports.js';
import { sameBytes } from '../../protocol/wire.js';
import type { Logger } from '../logger.js';
import { type Postbox, UNHEARD_REST_MS } from './postbox.js';

/** The allowance of the kind: one a minute. */
export const RECORD_REST_MS = 60_000;
const RECORD_LIFETIME_MS = 3_600_000;

/** Publishes our node record whenever it is a new one: our addresses changed, or the last one is getting old. */
export function createRecordPublisher(deps: {
  readonly discovery: Pick<Discovery, 'ownRecord'>;
  readonly postbox: Postbox;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Logger;
}): { turn(snapshot: SubnetSnapshot): Promise<void> } {
  let said: Uint8Array | null = null;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  return {
    async turn(snapshot) {
      if (!snapshot.neurons.some(({ hotkey }) => hotkey === deps.self)) return;
      const nowMs = deps.clock.nowMs();
      if (nowMs < notBeforeMs) return;
      const record = await deps.discovery.ownRecord();
      if (said !== null && sameBytes(said, record)) return;
      notBeforeMs = nowMs + UNHEARD_REST_MS;
      const { recipients } = await deps.postbox.post('record', record, RECORD_LIFETIME_MS);
      if (recipients === 0) return;
      notBeforeMs = nowMs + RECORD_REST_MS;
      said = record;
      deps.log.debug({ recipients }, 'node record published');
    },
  };
}
