import { commitmentOf } from '../../chain/commitment.js';
import { modelClaims } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { createHolders } from '../../protocol/holders.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { ArtifactTransfer, Clock, Gossip, Offers, Peers, Verifier } from '../../protocol/ports.js';
import type { NetworkId } from '../../protocol/topics.js';
import type { Verdict } from '../../protocol/verdict.js';
import type { Logger } from '../logger.js';
import { membersOf } from '../registry-sync.js';
import { tellPeers } from './directory.js';
import { createJudging } from './judging.js';
import { createProviderFinder, type WantedModel } from './provider-finder.js';

/** So long somebody who has the model may turn up. */
export const LONE_SEARCH_MS_MAX = 60_000;
/** Between two looks: peers turn up one after the other. */
export const LONE_LOOK_REST_MS = 2_000;
/** Peers asked what was announced before; the announcement names who has the model. */
export const LONE_OFFERS_MAX = 4;

export interface LoneSearch {
  /** Connected peers to ask now, best first. */
  providers(): readonly PeerId[];
  /** Looks until somebody has it, the time is over or the signal aborts. Never rejects. */
  look(signal: AbortSignal): Promise<void>;
}

/**
 * Finds who has one model without a node beside it, as a node does: the chain says who claims it and where neurons are; peers say what they hold, hand on
 * what was announced, and hint at holders by gossip. Everything heard is judged as a node judges it.
 */
export function createLoneSearch(
  deps: {
    readonly host: Peers & Gossip & Offers & Pick<ArtifactTransfer, 'askHoldings'>;
    readonly verifier: Verifier;
    readonly clock: Clock;
    readonly log: Logger;
  },
  { model, network, snapshot }: { readonly model: ModelDigest; readonly network: NetworkId; readonly snapshot: SubnetSnapshot },
): LoneSearch {
  const { host, clock, log } = deps;
  const holders = createHolders();
  const finder = createProviderFinder({ peers: host, transfer: host, holders, clock, log });
  const membership = membersOf([snapshot]);
  const moment = () => ({ membership, nowMs: clock.nowMs(), block: snapshot.block.number });
  const judge = createJudging({ gate: createMessageGate({ network }), verifier: deps.verifier, moment, log });
  const owner = modelClaims(snapshot).find((claim) => commitmentOf(claim.hotkey, model) === claim.commitment)?.hotkey ?? null;
  let wanted: WantedModel = { model, owner, named: [] };
  const asked = new Set<PeerId>();

  async function hearOffer(envelope: Uint8Array): Promise<Verdict<unknown>> {
    const verdict = await judge('announce', envelope);
    if (verdict.action === 'accept' && verdict.value.payload.model === model)
      // Whoever claims it on chain is its owner, whoever else announces it.
      wanted = { model, owner: owner ?? verdict.value.hotkey, named: [...wanted.named, ...verdict.value.payload.providers] };
    return verdict;
  }

  async function collect(): Promise<void> {
    for (const { peerId, hotkey } of host.peers()) {
      if (hotkey === null || asked.has(peerId) || asked.size >= LONE_OFFERS_MAX) continue;
      asked.add(peerId);
      await host.collectOffers(peerId, hearOffer).catch((error: unknown) => {
        log.debug({ err: error, peer: peerId }, 'a peer hands on no announcements');
      });
    }
  }

  tellPeers(host, snapshot);
  host.onMessage('have', async (envelope) => {
    const verdict = await judge('have', envelope);
    if (verdict.action === 'accept') holders.put(verdict.value.hotkey, verdict.value.payload, verdict.value.expiresAtMs);
    return verdict;
  });
  const validators: readonly Hotkey[] = [...membership.permitted];

  return {
    providers: () => finder.providersOf(wanted),
    async look(signal) {
      const untilMs = clock.nowMs() + LONE_SEARCH_MS_MAX;
      while (!signal.aborted && clock.nowMs() < untilMs) {
        await Promise.all([finder.look([wanted], validators, signal), collect()]);
        if (finder.providersOf(wanted).length > 0) return;
        await clock.sleep(LONE_LOOK_REST_MS, signal).catch(() => undefined);
      }
    },
  };
}
