import { isFailure } from '../../protocol/failure.js';
import type { MessageKind } from '../../protocol/kinds.js';
import type { GateVerdict, MessageGate, Moment } from '../../protocol/message-gate.js';
import type { Verifier } from '../../protocol/ports.js';
import { ignore, reject } from '../../protocol/verdict.js';
import type { Logger } from '../logger.js';

/** One message judged from its bytes to its verdict. */
export type Judging = <K extends MessageKind>(kind: K, envelope: Uint8Array) => Promise<GateVerdict<K>>;

/**
 * The gate's two steps with the signatures between them, checked on other threads. Where they cannot be checked the message is ignored, never rejected:
 * our trouble says nothing about its sender.
 */
export function createJudging(deps: {
  readonly gate: MessageGate;
  readonly verifier: Verifier;
  readonly moment: () => Moment;
  readonly log: Pick<Logger, 'warn'>;
}): Judging {
  return async (kind, envelope) => {
    const examined = deps.gate.examine(kind, envelope, deps.moment());
    if (examined.action !== 'accept') return examined;
    let genuine: boolean;
    try {
      genuine = await deps.verifier.verify(examined.value.checks);
    } catch (error) {
      if (!isFailure(error)) throw error;
      deps.log.warn({ kind, code: error.code, facts: error.facts }, 'a signature could not be checked; the message is ignored');
      return ignore('message.not_judged');
    }
    return genuine ? deps.gate.settle(examined.value, deps.moment()) : reject('message.bad_signature');
  };
}
