import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Chain, HISTORY_BLOCKS, openChain } from '../../../../chain/devchain/chain.js';
import { codeOf, createRuntimes } from '../../../../chain/devchain/code.js';
import { devGenesis } from '../../../../chain/devchain/genesis.js';

describe('devchain journal', () => {
  let folder: string;
  let chain: Chain | null = null;
  const file = () => join(folder, 'chain.journal');

  before(() => cryptoWaitReady());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'));
  });
  afterEach(() => {
    chain?.close();
    chain = null;
    rmSync(folder, { recursive: true });
  });

  function open(journalGrowthBytes = 1 << 30): Chain {
    chain?.close();
    chain = null;
    chain = openChain(createRuntimes({ blockTimeMs: 1000 }), {
      dataDir: folder,
      finalityLag: 2,
      genesis: devGenesis(),
      code: codeOf(),
      nowMs: () => 1_000_000,
      journalGrowthBytes,
    });
    return chain;
  }

  function mint(on: Chain, blocks: number): void {
    for (let i = 0; i < blocks; i += 1) on.produce();
  }

  it('drops a torn last line, wherever it was torn, and goes on', () => {
    mint(open(), 3);
    const whole = readFileSync(file());
    const lastStart = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (const cut of [lastStart, lastStart + 1, lastStart + 9, whole.length - 1]) {
      writeFileSync(file(), whole);
      truncateSync(file(), cut);
      expect(open().head().number, `cut at ${cut}`).to.equal(2);
    }
    mint(open(), 2);
    expect(open().head().number).to.equal(4);
  });

  it('drops rubbish after the last line', () => {
    mint(open(), 3);
    appendFileSync(file(), 'half a rec');
    expect(open().head().number).to.equal(3);
  });

  it('refuses a file damaged before its end', () => {
    mint(open(), 3);
    const whole = readFileSync(file());
    const at = whole.indexOf(10) + 40;
    whole[at] = (whole[at] ?? 0) ^ 1;
    writeFileSync(file(), whole);
    expect(() => open())
      .to.throw()
      .with.property('code', 'devchain.journal_damaged');
  });

  it('is the same chain after its journal was rewritten', () => {
    const first = open(50_000);
    mint(first, HISTORY_BLOCKS + 100);
    const head = first.head();
    const keys = first.now().keysWith('0x');
    const values = keys.map((key) => first.now().get(key));
    const old = HISTORY_BLOCKS / 2;
    const oldValues = first.stateAt(first.byNumber(head.number - old) ?? head)?.keysWith('0x').length;
    const hashes = [1, 50, 300].map((number) => first.byNumber(number)?.hash);
    expect(readFileSync(file(), 'utf8').split('\n').length).to.be.lessThan(HISTORY_BLOCKS + 100);

    const again = open();
    expect(again.head()).to.deep.equal(head);
    expect(again.now().keysWith('0x')).to.deep.equal(keys);
    expect(keys.map((key) => again.now().get(key))).to.deep.equal(values);
    expect(again.stateAt(again.byNumber(head.number - old) ?? head)?.keysWith('0x').length).to.equal(oldValues);
    expect([1, 50, 300].map((number) => again.byNumber(number)?.hash)).to.deep.equal(hashes);
    expect(again.produce().parentHash).to.equal(head.hash);
  });
});
