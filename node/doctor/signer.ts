/** A signer in a process of its own: whether it would sign what this node needs. Pure: the facts are gathered by the command. */
import type { RuntimeDescription } from '../../chain/ports.js';
import type { Hotkey } from '../../protocol/names.js';
import { type Finding, fail, ok, warn } from './finding.js';

export interface SignerFacts {
  readonly socket: string;
  readonly latencyMs: number;
  readonly hotkey: Hotkey;
  /** What it says it signs; null stands for anything. */
  readonly policy: { readonly kinds: readonly string[]; readonly calls: readonly string[] | null; readonly genesis: string | null };
  /** Purposes that a node cannot do without. */
  readonly neededKinds: readonly string[];
  /** Hotkeys that are expected, and by what: the wallet of the settings, the database. */
  readonly expected: readonly { readonly by: string; readonly hotkey: Hotkey }[];
  /** Of the chain; null: no endpoint answers. */
  readonly genesis: string | null;
  readonly nodeCalls: RuntimeDescription['nodeCalls'];
  readonly validates: boolean;
  readonly mechanism: number;
}

/** Each thing that a node does, by the call for mechanism 0 and by the one for others. */
const WEIGHTS: readonly (readonly [string, string])[] = [
  ['set_weights', 'set_mechanism_weights'],
  ['commit_weights', 'commit_mechanism_weights'],
  ['reveal_weights', 'reveal_mechanism_weights'],
  ['commit_timelocked_weights', 'commit_timelocked_mechanism_weights'],
];
const RESTART = 'Start it with';

export function examineSigner(facts: SignerFacts): readonly Finding[] {
  const { socket, latencyMs } = facts;
  return [
    ok('signer', `answers at ${socket} within ${Math.ceil(latencyMs)} ms; the socket and its folder are closed to others`),
    ...hotkey(facts),
    kinds(facts),
    chain(facts),
    ...calls(facts),
  ];
}

function hotkey({ hotkey: held, expected }: SignerFacts): readonly Finding[] {
  const others = expected.filter((each) => each.hotkey !== held);
  if (others.length === 0)
    return [ok('key', `${held}${expected.length === 0 ? '' : `, as ${expected.map(({ by }) => by).join(' and ')} has it`}`)];
  return others.map(({ by, hotkey: other }) =>
    warn(
      'key',
      `the signer holds ${held}, ${by} has ${other}`,
      `${RESTART} the wallet of this node, or give this node a --data-dir of its own.`,
    ),
  );
}

function kinds({ policy, neededKinds }: SignerFacts): Finding {
  const missing = neededKinds.filter((kind) => !policy.kinds.includes(kind));
  if (missing.length === 0) return ok('purposes', policy.kinds.join(', '));
  return fail('purposes', `it does not sign ${missing.join(', ')}`, `${RESTART} --allow ${neededKinds.join(',')}.`);
}

function chain({ policy, genesis }: SignerFacts): Finding {
  if (policy.genesis === null)
    return warn('chain', 'it signs for any chain', `${RESTART} --chain, or --set chain.genesis=${genesis ?? '0x…'}.`);
  if (genesis === null || genesis === policy.genesis) return ok('chain', `extrinsics of ${policy.genesis.slice(0, 10)}… only`);
  const detail = `it signs for ${policy.genesis.slice(0, 10)}… only, and this chain is ${genesis.slice(0, 10)}…`;
  return fail('chain', detail, `${RESTART} the --chain of this node, or --set chain.genesis=${genesis}.`);
}

function calls({ policy, nodeCalls, validates, mechanism }: SignerFacts): readonly Finding[] {
  const allowed = policy.calls;
  if (allowed === null) return [ok('calls', 'any')];
  const there = (names: readonly string[]) => names.flatMap((name) => nodeCalls.filter((call) => call.name === name)).slice(0, 1);
  const weights = validates ? WEIGHTS.flatMap(([plain, other]) => there(mechanism === 0 ? [plain, other] : [other])) : [];
  const needed = [...weights, ...there(['serve_axon_tls', 'serve_axon']), ...there(['set_commitment'])];
  const missing = needed.filter(({ number }) => !allowed.includes(number));
  if (missing.length === 0) return [ok('calls', allowed.join(', '))];
  const named = missing.map(({ name, number }) => `${name} ${number}`).join(', ');
  const next = `${RESTART} --calls ${[...allowed, ...missing.map(({ number }) => number)].join(',')}.`;
  return [
    validates && weights.some((call) => missing.includes(call))
      ? fail('calls', `not on its list: ${named}`, next)
      : warn('calls', `not on its list: ${named}`, next),
  ];
}
