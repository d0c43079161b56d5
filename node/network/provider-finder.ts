import type { Holders } from '../../protocol/holders.js';
import { createLru } from '../../protocol/lru.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { ArtifactTransfer, Clock, Holding, Peer, Peers } from '../../protocol/ports.js';
import type { Logger } from '../logger.js';

/** An answer about holdings is believed for so long. */
export const HOLDING_KEPT_MS = 60_000;
/** A peer is asked about the same model again after this time. */
export const ASKED_AGAIN_MS = 10_000;
/** Models in one question (HAVE_MODELS_MAX of the stream is as many). */
export const MODELS_PER_QUESTION_MAX = 64;
/** Peers asked in one look. */
export const PEERS_ASKED_MAX = 32;
/** Neurons that one look connects to: owners and those said to hold a model; then as many validators, if nobody has it. */
export const REACHED_MAX = 4;
/** A neuron that could not be reached is left alone for so long. */
export const REACH_REST_MS = 60_000;
const ANSWERS_KEPT_MAX = 8_192;
const UNREACHED_KEPT_MAX = 512;

export interface WantedModel {
  readonly model: ModelDigest;
  /** Who claims it; null: nobody known. */
  readonly owner: Hotkey | null;
  /** Addresses of its announcement. */
  readonly named: readonly string[];
}

export interface ProviderFinder {
  /** Connected peers to ask for a model now, best first. */
  providersOf(wanted: WantedModel): readonly PeerId[];
  /** Asks who has them, and connects to those who may. Never rejects. */
  look(wanted: readonly WantedModel[], validators: readonly Hotkey[], signal: AbortSignal): Promise<void>;
}

/** Who may have a model: its owner, whoever its announcement names, whoever says so, and in the end every validator. */
export function createProviderFinder(deps: {
  readonly peers: Peers;
  readonly transfer: Pick<ArtifactTransfer, 'askHoldings'>;
  readonly holders: Holders;
  readonly clock: Clock;
  readonly log: Logger;
}): ProviderFinder {
  const { peers, clock } = deps;
  const answers = createLru<{ readonly holding: Holding; readonly atMs: number }>(ANSWERS_KEPT_MAX);
  const unreachedUntilMs = createLru<number>(UNREACHED_KEPT_MAX);

  const holdingOf = (peer: PeerId, model: ModelDigest): Holding | null => {
    const answer = answers.get(`${peer}/${model}`);
    return answer !== undefined && clock.nowMs() - answer.atMs < HOLDING_KEPT_MS ? answer.holding : null;
  };
  const proved = () => peers.peers().filter(({ hotkey }) => hotkey !== null);
  const hasWhole = ({ model }: WantedModel) => proved().some(({ peerId }) => holdingOf(peerId, model) === 'whole');

  function rankOf({ peerId, hotkey }: Peer, { model, owner, named }: WantedModel, hinted: readonly Hotkey[]): number | null {
    const holding = holdingOf(peerId, model);
    if (holding === 'none') return null;
    if (hotkey === owner) return 0;
    if (holding === 'whole') return 1;
    if (named.some((address) => address.endsWith(`/p2p/${peerId}`))) return 2;
    if (hotkey !== null && hinted.includes(hotkey)) return 3;
    return holding === 'part' ? 4 : null;
  }

  async function ask(peer: PeerId, wanted: readonly WantedModel[]): Promise<void> {
    const nowMs = clock.nowMs();
    const models = wanted
      .map(({ model }) => model)
      .filter((model) => nowMs - (answers.get(`${peer}/${model}`)?.atMs ?? Number.NEGATIVE_INFINITY) >= ASKED_AGAIN_MS)
      .slice(0, MODELS_PER_QUESTION_MAX);
    if (models.length === 0) return;
    try {
      const holdings = await deps.transfer.askHoldings(peer, models);
      for (const [at, holding] of holdings.entries()) answers.set(`${peer}/${models[at]}`, { holding, atMs: clock.nowMs() });
    } catch (error) {
      deps.log.debug({ err: error, peer }, 'a peer does not say what it has');
    }
  }

  /** Connects to some of them, and asks each as soon as it is there. */
  async function reach(hotkeys: Iterable<Hotkey>, wanted: readonly WantedModel[], signal: AbortSignal): Promise<void> {
    const nowMs = clock.nowMs();
    const absent = [...new Set(hotkeys)].filter((hotkey) => peers.peerOf(hotkey) === null && nowMs >= (unreachedUntilMs.get(hotkey) ?? 0));
    await Promise.all(
      absent.slice(0, REACHED_MAX).map(async (hotkey) => {
        const peer = await peers.reach(hotkey, signal);
        if (peer === null) unreachedUntilMs.set(hotkey, clock.nowMs() + REACH_REST_MS);
        else await ask(peer.peerId, wanted);
      }),
    );
  }

  return {
    providersOf(wanted) {
      const hinted = deps.holders.of(wanted.model, clock.nowMs());
      return proved()
        .flatMap((peer) => {
          const rank = rankOf(peer, wanted, hinted);
          return rank === null ? [] : [{ peerId: peer.peerId, rank }];
        })
        .sort((a, b) => a.rank - b.rank)
        .map(({ peerId }) => peerId);
    },
    async look(wanted, validators, signal) {
      if (wanted.length === 0) return;
      const likely = wanted.flatMap(({ model, owner }) => [...(owner === null ? [] : [owner]), ...deps.holders.of(model, clock.nowMs())]);
      await Promise.all([
        ...proved()
          .slice(0, PEERS_ASKED_MAX)
          .map(({ peerId }) => ask(peerId, wanted)),
        reach(likely, wanted, signal),
      ]);
      if (!signal.aborted && !wanted.every(hasWhole)) await reach(validators, wanted, signal);
    },
  };
}
