/** Envelopes: forged, of nobody registered, of another chain, heard before, and more than allowed. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import type { Hash, ModelDigest } from '../../../protocol/names.js';
import type { Signer } from '../../../protocol/ports.js';
import type { NetworkId } from '../../../protocol/topics.js';
import { devSigner } from '../../support/dev-signer.js';
import { seal } from '../../support/network.js';
import { type Scene, stranger, strike, type Target } from './attack.js';

const PATIENCE_MS = 12_000;
/** Honest messages are listened to for so long before they are sent again. */
const LISTEN_MS = 3_000;
const REST_MS = 3_000;
/** Places of one round of attacks at which the registered hotkey is risked: where it is sent away it does not come back. */
const REGISTERED_EVERY = 13;

const lie = () =>
  encodeAnnouncement({
    // Safety: 64 hex digits.
    model: randomBytes(32).toString('hex') as ModelDigest,
    manifestSizeBytes: 100,
    sizeBytes: 1_000,
    commitmentBlock: 5,
    providers: [],
  });

export async function spam(of: {
  readonly network: NetworkId;
  readonly from: string;
  readonly targets: readonly Target[];
  readonly registered: Signer;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { network } = of;
  const foreign = `0x${randomBytes(32).toString('hex')}` as Hash;
  const victims = await Promise.all(of.targets.map(({ hotkeyUri }) => devSigner(hotkeyUri)));
  const sealed = (count: number, make: (n: number) => Promise<Uint8Array>) => Promise.all(Array.from({ length: count }, (_, n) => make(n)));
  const say = ({ line, topic }: Scene, envelopes: readonly Uint8Array[]) => {
    for (const data of envelopes) line.send({ messages: [{ topic, data }] });
  };

  const attacks: Readonly<Record<string, (scene: Scene, turn: number) => Promise<void>>> = {
    'forged signatures': async (scene, turn) => {
      const victim = victims[turn % victims.length]!;
      say(scene, await sealed(12, () => seal(victim, 'announce', lie(), { network, signedBy: stranger() })));
    },
    'unregistered spam': async (scene) => {
      const many = stranger();
      say(scene, await sealed(160, () => seal(many, 'announce', lie(), { network })));
    },
    'replay from another chain': async (scene) => {
      const many = stranger();
      say(scene, await sealed(12, () => seal(many, 'announce', lie(), { network, genesis: foreign })));
    },
    'replay of what was heard': async (scene) => {
      scene.line.send({ control: { graft: [{ topicID: scene.topic }] } });
      await delay(LISTEN_MS);
      const heard = scene.attacker.heard.messages.flatMap(({ data }) => (data == null ? [] : [data]));
      for (let times = 0; times < 20; times += 1) say(scene, heard.slice(0, 50));
    },
  };

  for (let turn = 0; !of.signal.aborted; turn += 1) {
    const target = of.targets[turn % of.targets.length]!;
    const names = Object.keys(attacks);
    const name = names[Math.floor(turn / of.targets.length) % names.length]!;
    const common = { network, from: of.from, target, patienceMs: PATIENCE_MS };
    if (turn % REGISTERED_EVERY === REGISTERED_EVERY - 1)
      await strike('registered, over its allowance', { ...common, signer: of.registered }, async (scene) =>
        say(scene, await sealed(160, () => seal(of.registered, 'announce', lie(), { network }))),
      );
    else await strike(name, { ...common, signer: stranger() }, (scene) => attacks[name]!(scene, turn));
    await delay(REST_MS, undefined, { signal: of.signal }).catch(() => undefined);
  }
}
