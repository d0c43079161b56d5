import type { Command } from 'commander';
import type { ChainReader, WeightEntry } from '../../chain/ports.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { addChainOptions, addConfigOptions, type Flags, loadSettings, withChain } from './context.js';
import type { Environment } from './environment.js';
import { short, toJson } from './output.js';
import { wholeNumber } from './parsers.js';

const FOR_BLOCKS_MAX = 1_000_000;
/** Without a new head for so long the chain is read anew: the connection tells what is wrong with it. */
const SILENCE_MAX_MS = 10 * 60_000;

interface Change {
  readonly block: number;
  readonly uid: number;
  readonly hotkey: string;
  /** set: the stored weights are others now. touched: set or committed, with the same weights to be seen so far. */
  readonly what: 'set' | 'touched';
  readonly weights: readonly WeightEntry[];
}

export function addWatch(weights: Command, env: Environment): void {
  const command = weights
    .command('watch')
    .description('Follow the chain: a line for each validator whose weights change or are committed anew; ends with ^C')
    .option('--for <blocks>', 'end after so many finalized blocks', wholeNumber(1, FOR_BLOCKS_MAX));
  addChainOptions(addConfigOptions(command)).action(async (flags: Flags) => {
    const config = await loadSettings(flags, env);
    const say = (line: string) => void process.stdout.write(`${line}\n`);
    await withChain(config, async ({ chain }) => {
      const { netuid, mechanism } = config.chain;
      let before = await view(chain, netuid, mechanism);
      const last = flags['for'] === undefined ? Number.POSITIVE_INFINITY : before.snapshot.block.number + Number(flags['for']);
      if (flags['json'] !== true) say(`watching netuid ${netuid} from block ${before.snapshot.block.number}`);
      while (before.snapshot.block.number < last) {
        await nextHead(chain, before.snapshot.block.number);
        const now = await view(chain, netuid, mechanism, before);
        for (const change of changes(before, now)) say(flags['json'] === true ? toJson(change) : textOf(change));
        before = now;
      }
      if (flags['json'] !== true) say(`watched until block ${before.snapshot.block.number}`);
    });
  });
}

interface View {
  readonly snapshot: SubnetSnapshot;
  readonly rows: ReadonlyMap<string, readonly WeightEntry[]>;
}

/** Rows are read of those who may have set any. */
async function view(chain: ChainReader, netuid: number, mechanism: number, before?: View): Promise<View> {
  const snapshot = await chain.snapshot(netuid);
  const asked = snapshot.neurons.filter(
    ({ hotkey, validatorPermit, lastUpdate, registeredAt }) =>
      validatorPermit || lastUpdate > registeredAt || (before?.rows.get(hotkey)?.length ?? 0) > 0,
  );
  const found = await chain.weightRows(
    netuid,
    mechanism,
    asked.map(({ uid }) => uid),
    snapshot.block,
  );
  const rows = new Map<string, readonly WeightEntry[]>(asked.map(({ hotkey }, i) => [hotkey, found[i] ?? []]));
  return { snapshot, rows };
}

function changes(before: View, now: View): readonly Change[] {
  return now.snapshot.neurons.flatMap(({ hotkey, uid, lastUpdate, registeredAt }): Change[] => {
    const weights = now.rows.get(hotkey) ?? [];
    const earlier = before.snapshot.neurons.find((neuron) => neuron.hotkey === hotkey);
    if (earlier === undefined || earlier.registeredAt !== registeredAt) return [];
    const differ = toJson(weights) !== toJson(before.rows.get(hotkey) ?? []);
    if (!differ && earlier.lastUpdate === lastUpdate) return [];
    const block = differ && earlier.lastUpdate === lastUpdate ? now.snapshot.block.number : lastUpdate;
    return [{ block, uid, hotkey, what: differ ? 'set' : 'touched', weights }];
  });
}

function textOf({ block, uid, hotkey, what, weights }: Change): string {
  const row = weights.map((entry) => `${entry.uid}:${entry.value}`).join(' ');
  return `block ${block}  uid ${uid}  ${short(hotkey)}  ${what === 'set' ? row : 'committed, or set the same again'}`;
}

function nextHead(chain: ChainReader, after: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = chain.onFinalized(({ number }) => {
      if (number > after) done();
    });
    const timer = setTimeout(() => done(), SILENCE_MAX_MS);
    function done(): void {
      clearTimeout(timer);
      stop();
      resolve();
    }
  });
}
