/** Every command there is, what it changes, and how it is called where nothing is at stake. */
import type { Command } from 'commander';
import { createProgram } from '../../node/cli/program.js';
import { aHotkey, aModel } from './keys.js';

/** What a command changes when it is not told to try only. `runs`: it goes on until it is stopped. */
export type Effect = 'nothing' | 'disk' | 'chain' | 'node' | 'runs';

export interface Sample {
  readonly effect: Effect;
  /** Does what the command is for; null: it runs for ever, or wants more than there is here, and is called elsewhere. */
  readonly good: readonly string[] | null;
  /** Is refused by what it finds, not by the form of the command line. Null: nothing can refuse it. */
  readonly bad: readonly string[] | null;
  /** Prints a line for each thing that happens. */
  readonly streams?: true;
}

/** Where the samples are called. */
export interface Place {
  readonly folder: string;
  readonly chain: string;
  /** A port at which a node answers, and one where nobody does. */
  readonly port: number;
  readonly deafPort: number;
  /** Model package, and a published voice. */
  readonly voice: string;
  readonly published: string;
  /** A signature of //Alice under "a text". */
  readonly signature: string;
  readonly alice: string;
}

const NOBODY = '12D3KooWGzh7ABkdNsJkDYTPLzP9q3SgqhGqL8gBqFEPYQvUqMAH';

/** Shape: "weights plan" → how it is called. */
export function samples(at: Place): Readonly<Record<string, Sample>> {
  const here = (name: string) => `${at.folder}/${name}`;
  const [node, nowhere] = [
    ['--data-dir', here('node')],
    ['--data-dir', here('none')],
  ];
  const chain = ['--chain', at.chain, '--netuid', '1'];
  const noSubnet = ['--chain', at.chain, '--netuid', '99'];
  const uri = ['--uri', '//Alice'];
  const [answered, deaf] = [
    ['--http-port', String(at.port)],
    ['--http-port', String(at.deafPort)],
  ];
  const wallet = ['--wallet-path', here('wallets'), '--wallet', 'w', '--hotkey', 'h'];
  const noWallet = ['--wallet-path', here('no-wallets'), '--wallet', 'w', '--hotkey', 'h'];
  const vector = ['--uids', '0', '--values', '1'];
  const meta = ['--name', 'x', '--licence', 'MIT'];
  const reads = (good: Sample['good'], bad: Sample['bad']): Sample => ({ effect: 'nothing', good, bad });
  return {
    init: {
      effect: 'disk',
      good: [...chain, '--data-dir', here('fresh')],
      bad: ['--data-dir', here('other'), '--chain', 'nowhere', '--netuid', '1'],
    },
    validator: { effect: 'runs', good: null, bad: [...chain, ...noWallet, '--data-dir', here('v')] },
    miner: { effect: 'runs', good: null, bad: [...chain, ...noWallet, '--data-dir', here('m'), '--model', here('no-model')] },
    start: { effect: 'runs', good: null, bad: [...chain, ...noWallet, '--data-dir', here('s')] },
    worker: { effect: 'runs', good: null, bad: ['--data-dir', here('w'), '--set', 'scoring.concurrency=many'] },
    workers: reads(node, nowhere),
    devnet: { effect: 'runs', good: null, bad: null },
    devchain: { effect: 'runs', good: null, bad: ['--port', String(at.port), '--data-dir', here('devchain')] },
    status: reads(answered, deaf),
    probe: reads(answered, deaf),
    doctor: reads([...chain, ...uri, ...node, ...deaf], [...noSubnet, ...uri, ...node, ...deaf]),
    registry: reads(chain, noSubnet),
    register: {
      effect: 'chain',
      good: [...chain, '--uri', '//Newcomer', '--coldkey-uri', '//Alice', '--yes'],
      bad: [...chain, ...uri, '--coldkey-uri', '//Pauper', '--yes'],
    },
    'axon show': reads(chain, [...chain, aHotkey('nobody')]),
    'axon serve': {
      effect: 'chain',
      good: [...chain, ...uri, '--ip', '203.0.113.7', '--port', '4010'],
      bad: [...chain, '--uri', '//Stranger', '--ip', '203.0.113.7', '--port', '4010'],
    },
    'commitment show': reads(chain, [...chain, aHotkey('nobody')]),
    'commitment set': {
      effect: 'chain',
      good: [...chain, ...uri, '--text', 'hello'],
      bad: [...chain, '--uri', '//Stranger', '--text', 'hello'],
    },
    'chain epoch': reads(chain, noSubnet),
    'chain params': reads(chain, noSubnet),
    'chain errors': reads(chain, [...chain, 'NoSuchError']),
    'weights submit': {
      effect: 'chain',
      good: [...chain, ...uri, ...vector, '--data-dir', here('hand')],
      bad: [...chain, '--uri', '//Stranger', ...vector],
    },
    'weights commit': { effect: 'chain', good: null, bad: [...chain, ...uri, ...vector, '--salt-file', here('salt.json')] },
    'weights reveal': { effect: 'chain', good: null, bad: [...chain, ...uri, '--salt-file', here('none.json')] },
    'weights plan': reads(null, [...chain, ...uri, ...nowhere]),
    'weights status': reads([...chain, ...uri, ...node], [...noSubnet, ...uri, ...node]),
    'weights history': reads(node, nowhere),
    'weights watch': { ...reads([...chain, '--for', '1'], noSubnet), streams: true },
    simulate: reads([...chain, ...uri, ...vector], [...noSubnet, ...uri, ...vector]),
    'model check': reads([at.voice], [here('no-model')]),
    'model score': { effect: 'disk', good: null, bad: [here('no-model'), '--seed', '00'] },
    'model generate': { effect: 'disk', good: ['--kind', 'good', '--out', here('generated')], bad: ['--kind', 'good', '--out', at.voice] },
    'model import': {
      effect: 'disk',
      good: [at.published, ...meta, '--out', here('imported'), '--language', 'en-US'],
      bad: [here('no-model'), ...meta, '--out', here('imported-bad')],
    },
    'model seal': { effect: 'disk', good: [at.voice, ...meta], bad: [here('no-model'), ...meta] },
    fetch: { effect: 'node', good: null, bad: [aModel(1), ...deaf, ...node] },
    'profile fetch': { effect: 'disk', good: null, bad: ['--set', `scoring.neural.recogniser=${here('no-model')}`] },
    explain: { effect: 'disk', good: null, bad: [aHotkey('nobody'), ...nowhere] },
    replay: reads(null, ['3', ...nowhere]),
    agreement: reads(null, nowhere),
    peers: reads(answered, deaf),
    'peers ban': { effect: 'node', good: [NOBODY, ...node], bad: ['nobody at all', ...node] },
    'peers allow': { effect: 'node', good: [NOBODY, ...node], bad: ['nobody at all', ...node] },
    'peers forget': { effect: 'node', good: [NOBODY, ...node], bad: ['192.0.2.77', ...node] },
    'peers rules': reads(node, nowhere),
    topics: reads(answered, deaf),
    announcements: reads(node, nowhere),
    equivocations: reads(node, nowhere),
    'config show': reads(chain, ['--chain', 'nowhere', '--netuid', '1']),
    'config check': reads(chain, ['--chain', 'nowhere', '--netuid', '1']),
    'wallet list': reads(['--wallet-path', here('wallets')], null),
    'wallet show': reads(uri, noWallet),
    'wallet check': reads(uri, noWallet),
    'wallet new': { effect: 'disk', good: wallet, bad: [...wallet.slice(0, -1), '../h'] },
    'wallet sign': reads(['a text', ...uri], ['a text', ...noWallet]),
    'wallet verify': reads(['a text', at.signature, at.alice], ['another text', at.signature, at.alice]),
    signer: { effect: 'runs', good: null, bad: [...noWallet, '--socket', here('signer.sock')] },
  };
}

/** Shape: the program → "weights plan", … and their commands; those that only hold others are left out. */
export function commandsOf(command: Command = createProgram({}), path: readonly string[] = []): readonly (readonly [string, Command])[] {
  const own = command.commands.filter((sub) => sub.name() !== 'help');
  // Safety: commander keeps it there and has no question for it.
  const acts = path.length > 0 && typeof Reflect.get(command, '_actionHandler') === 'function';
  return [...(acts ? [[path.join(' '), command] as const] : []), ...own.flatMap((sub) => commandsOf(sub, [...path, sub.name()]))];
}
