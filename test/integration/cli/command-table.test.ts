import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Devchain, devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { type Database, openDatabase } from '../../../node/postgres/database.js';
import { EXIT } from '../../../protocol/failure.js';
import { publishedVoice } from '../../../scoring/voices/published-voice.js';
import { type CliError, type CliRun, voxd, voxdJson } from '../../support/cli.js';
import { commandsOf, type Place, type Sample, samples } from '../../support/command-table.js';
import { devSigner } from '../../support/dev-signer.js';
import { quiet } from '../../support/temporary.js';

/** What a running node answers, as little as its commands look at. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/v1/peers': { peerId: '12D3KooWGzh7ABkdNsJkDYTPLzP9q3SgqhGqL8gBqFEPYQvUqMAH', addresses: [], peers: [] },
  '/v1/topics': { topics: [] },
  '/health/detailed': { version: '0', status: 'ok', ready: true, uptimeSeconds: 1, components: [] },
  '/probe': { reachability: { answers: [] } },
};
/** Commands whose word is their exit code: it says no without being refused. */
const VERDICTS = new Set(['probe', 'doctor']);

/** The command table itself: no command is left out of it, and each keeps the two promises that docs/cli.md makes for all. */
describe('every command', function () {
  this.timeout(120_000);
  const commands = commandsOf();
  let at: Place;
  let table: Readonly<Record<string, Sample>>;
  let chain: Devchain;
  let database: Database;
  let node: Server;
  let signed = 0;
  const asked: string[] = [];

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voxd-test-commands-'));
    const alice = (await devSigner('//Alice')).hotkey;
    const neurons = [{ hotkey: alice, coldkey: alice, stakeRao: 10n ** 12n, axon: null, commitment: null }];
    chain = await startDevchain({
      port: 0,
      dataDir: null,
      blockTimeMs: 60,
      genesis: devGenesis({ subnet: { tempo: 20, weightsRateLimit: 0, neurons } }),
      logger: (event, facts) => {
        if (event === 'block' && 'extrinsics' in facts) signed += Number(facts.extrinsics) - 1;
      },
    });
    database = await openDatabase(quiet, { url: null, dataDir: join(folder, 'node'), durable: false });
    node = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const answer = ANSWERS[request.url ?? ''];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    // Safety: it listens on a port.
    const { port } = node.address() as AddressInfo;
    const published = join(folder, 'published');
    mkdirSync(published);
    for (const [name, bytes] of Object.entries(publishedVoice('kokoro'))) writeFileSync(join(published, name), bytes);
    const voice = join(folder, 'voice');
    await voxdJson(['model', 'generate', '--kind', 'good', '--out', voice]);
    const { signature } = await voxdJson<{ signature: string }>(['wallet', 'sign', 'a text', '--uri', '//Alice']);
    at = { folder, chain: chain.url, port, deafPort: 9, voice, published, signature, alice };
    table = samples(at);
  });
  after(async () => {
    await new Promise((resolve) => node.close(resolve));
    await chain.stop();
    await database.stop();
    rmSync(at.folder, { recursive: true, force: true });
  });

  const wordsOf = (name: string) => name.split(' ');
  const sampled = () => commands.map(([name]) => [name, table[name] as Sample] as const);

  it('is in the table, takes --json, and --dry-run where it changes something or runs', () => {
    expect(commands.map(([name]) => name).sort()).to.deep.equal(Object.keys(table).sort());
    for (const [name, command] of commands) {
      const options = command.options.map(({ long }) => long);
      expect(options, name).to.include('--json');
      if (table[name]?.effect !== 'nothing') expect(options, name).to.include('--dry-run');
    }
  });

  it('says as one JSON value that its command line is wrong', async () => {
    for (const [name] of commands) {
      const run = await voxd([...wordsOf(name), '--no-such-option', '--json']);
      // What is missing is said before what is not known.
      expect(errorIn(run, name).code, name).to.be.oneOf(['cli.unknown_option', 'cli.value_missing']);
      expect(run.exit, name).to.equal(EXIT.usage);
    }
  });

  it('says as one JSON value what it is refused by', async () => {
    await eachOf(sampled(), async ([name, { bad }]) => {
      if (bad === null) return;
      const run = await voxd([...wordsOf(name), ...bad, '--json']);
      if (VERDICTS.has(name) && run.exit === EXIT.failure) expect(valueIn(run, name)).to.include({ ok: false });
      else {
        const { code, hint } = errorIn(run, name);
        expect(code, name).not.to.match(/^(internal\.|cli\.(unknown|value|too_many|command))/);
        expect(hint, name).to.match(/\w.{8,}/);
      }
    });
  });

  it('does nothing on a dry run, and says as one JSON value what it would do', async () => {
    const dry: Readonly<Record<string, readonly string[]>> = {
      worker: ['--data-dir', join(at.folder, 'w')],
      devnet: ['--data-dir', join(at.folder, 'net')],
      devchain: ['--port', '0', '--data-dir', join(at.folder, 'devchain')],
      signer: ['--uri', '//Alice', '--socket', join(at.folder, 'signer.sock')],
      fetch: ['00'.repeat(32), '--http-port', String(at.port)],
      'model score': [at.voice, '--seed', '00', '--audio', join(at.folder, 'audio'), '--report', join(at.folder, 'report')],
    };
    /** Refused before anything could be written: nobody is there whose commit, page or models it would be. */
    const wantsMore = new Set(['weights commit', 'weights reveal', 'explain', 'profile fetch']);
    const toldBy = new Set(['validator', 'miner', 'start']);
    await eachOf(sampled(), async ([name, { effect, good }]) => {
      if (effect === 'nothing' || toldBy.has(name)) return;
      const before = state();
      const given = dry[name] ?? good ?? table[name]?.bad ?? [];
      const run = await voxd([...wordsOf(name), ...given, '--dry-run', '--json']);
      if (wantsMore.has(name)) errorIn(run, name);
      else if (name === 'peers forget') expect(errorIn(run, name).code).to.equal('cli.no_such_rule');
      else {
        expect(valueIn(run, name), `${name} ${run.stdout}`).to.include({ ok: true, dry_run: true });
        const text = await voxd([...wordsOf(name), ...given, '--dry-run']);
        expect(text.stdout, name).to.match(/^dry run: \S/);
        expect([text.exit, text.stderr], name).to.deep.equal([EXIT.ok, '']);
      }
      expect(state(), name).to.deep.equal(before);
    });
    const { rules } = await voxdJson<{ rules: unknown }>(['peers', 'rules', '--data-dir', join(at.folder, 'node')]);
    expect(rules, 'of the node').to.deep.equal([]);
    expect(asked.filter((line) => line.startsWith('POST'))).to.deep.equal([]);
  });

  it('says as one JSON value what it has found or done', async () => {
    await eachOf(sampled(), async ([name, { good, streams }]) => {
      if (good === null) return;
      const run = await voxd([...wordsOf(name), ...good, '--json']);
      if (streams) {
        for (const line of run.stdout.split('\n').filter((each) => each !== ''))
          expect(() => JSON.parse(line) as unknown, name).not.to.throw();
        expect(run.exit, name).to.equal(EXIT.ok);
      } else if (VERDICTS.has(name)) expect(valueIn(run, name)).to.have.property('ok');
      else {
        expect(valueIn(run, name), name).to.include({ ok: true });
        expect(run.exit, name).to.equal(EXIT.ok);
      }
    });
    expect(signed, 'what was to be sent was sent').to.be.greaterThan(3);
  });

  /** Files and their times, and extrinsics on chain. The server of the database writes when it likes. */
  function state(): object {
    const files = readdirSync(at.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => !/^node($|\/)/.test(path))
      .sort()
      .map((path) => `${path} ${statSync(join(at.folder, path)).mtimeMs}`);
    return { files, signed };
  }
});

/** One after the other; tells of all that fail. */
async function eachOf<T>(items: readonly T[], look: (item: T) => Promise<void>): Promise<void> {
  const problems: string[] = [];
  for (const item of items)
    await look(item).catch((error: unknown) => problems.push(error instanceof Error ? error.message : String(error)));
  expect(problems.join('\n\n')).to.equal('');
}

function valueIn({ stdout, stderr }: CliRun, name: string): object {
  const lines = stdout.trimEnd().split('\n');
  expect(lines, `${name}: one JSON value on one line\n${stdout.slice(0, 400)}\n${stderr.slice(0, 800)}`).to.have.length(1);
  let value: unknown;
  try {
    value = JSON.parse(lines[0] ?? '');
  } catch {
    throw new Error(`${name}: no JSON: ${stdout.slice(0, 400)}\n${stderr.slice(0, 800)}`);
  }
  expect(value, name).to.be.an('object');
  return value as object;
}

function errorIn(run: CliRun, name: string): CliError {
  const value = valueIn(run, name);
  expect(value, name).to.include({ ok: false });
  expect(run.exit, name).not.to.equal(EXIT.ok);
  // Safety: what is not ok says so in the form of all failures; the tests look at each member.
  return value as CliError;
}
