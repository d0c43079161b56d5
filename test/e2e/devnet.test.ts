import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import type { DevnetResult } from '../../node/devnet/result.js';
import { entryPoint } from '../../protocol/entry.js';
import { descendantWith, killNow, processWith } from '../support/processes.js';

const RUN_TIMEOUT_MS = 8 * 60_000;
const LOOK_MS = 100;

/**
 * The demonstration, with every kind of process killed once while it runs: a miner, the chain, a validator in the middle of a round, the
 * other validator's database server and the process that holds a foreign model. It must end as if nothing had happened. Weights go the longest way: timelocked
 * first, opened by the chain later.
 */
describe('a whole subnet', function () {
  this.timeout(RUN_TIMEOUT_MS + 60_000);
  const folder = mkdtempSync(join(tmpdir(), 'voxd-e2e-'));
  const root = join(folder, 'net');
  const killed: string[] = [];
  let output = '';
  let exit: number | null = null;
  let result: DevnetResult;

  before(async () => {
    // Longer rounds than the demo's: what is killed has to find its way back within one.
    const args = [
      entryPoint('node/cli/main'),
      'devnet',
      '--rounds',
      '2',
      '--json',
      '--commit-reveal',
      '--data-dir',
      root,
      '--base-port',
      '44000',
      '--cadence',
      '90',
      '--prompts',
      '4',
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const lines: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    const timer = setTimeout(() => child.kill('SIGTERM'), RUN_TIMEOUT_MS);
    const node = (name: string) => processWith('start', join(root, 'nodes', name, 'voxd.yml'));
    const said = (words: string) => async () => lines.some((line) => line.includes(words)) || null;
    const until = async <T>(ask: () => Promise<T | null> | T | null): Promise<T | null> => {
      while (child.exitCode === null) {
        const answer = await ask();
        if (answer !== null) return answer;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      return null;
    };
    const kill = async (what: string, find: () => number | null) => {
      if ((await until(() => (killNow(find()) ? true : null))) !== null) killed.push(what);
    };

    await until(said('models are committed'));
    await kill('miner', () => node('miner-good'));
    await kill('chain', () => processWith('devchain', join(root, 'chain')));
    await until(() => scored(root, 'validator-1') >= 2 || null);
    await kill('validator', () => node('validator-1'));
    await kill('sandbox', () => {
      const validator = node('validator-2');
      return validator === null ? null : descendantWith(validator, 'scoring/onnx/child');
    });
    await until(said('round '));
    await kill('postgres', () => postmaster(root, 'validator-2'));
    exit = await ended;
    clearTimeout(timer);
    if (output === '') throw new Error(`the network printed no result:\n${lines.join('\n')}`);
    result = JSON.parse(output) as DevnetResult;
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('had one process of each kind killed', () => {
    expect(killed).to.deep.equal(['miner', 'chain', 'validator', 'sandbox', 'postgres']);
    expect(result.restarts['chain']).to.equal(1);
    // A node that comes back while the chain is away ends again and is started again.
    expect(result.restarts['miner-good']).to.be.at.least(1);
    expect(result.restarts['validator-1']).to.be.at.least(1);
  });

  it('ends well all the same: every check holds', () => {
    expect(result.checks.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(result.ok).to.equal(true);
    expect(exit).to.equal(0);
  });

  it('explains each miner on the board', () => {
    expect(result.leaderboard.map(({ voice }) => voice)).to.have.members(['good', 'female', 'noisy', 'muffled', 'copy']);
    for (const row of result.leaderboard) {
      expect(row).to.include.keys(
        'hotkey',
        'uid',
        'model',
        'score_ppm',
        'parts',
        'standing_ppm',
        'weights',
        'incentive',
        'emission_rao',
        'copy_of',
      );
      expect(Object.keys(row.weights)).to.have.length(2);
    }
  });

  it('submitted each round at most once', () => {
    for (const { validators } of result.rounds) for (const { weights } of validators) expect(weights).to.not.equal(null);
  });

  it('left audio and a report of every model', () => {
    const last = result.rounds.at(-1)!.round;
    for (const folderOfValidator of result.evidence)
      for (const { hotkey } of result.leaderboard)
        expect(existsSync(join(folderOfValidator, `round-${last}`, hotkey, 'report.json'))).to.equal(true);
  });
});

/** Models this validator has scored so far, by its log. */
function scored(root: string, name: string): number {
  const log = join(root, 'logs', `${name}.log`);
  return existsSync(log) ? readFileSync(log, 'utf8').split('"msg":"model scored"').length - 1 : 0;
}

function postmaster(root: string, name: string): number | null {
  const file = join(root, 'nodes', name, 'postgres', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : null;
}
