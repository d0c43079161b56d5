import { readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** What opens foreign models, and what hears them, with a file that each must load: an empty walk would prove nothing. */
const ENTRIES = [
  { entry: 'scoring/onnx/child.ts', loads: 'scoring/onnx/engines.ts' },
  { entry: 'scoring/threads/judge-worker.ts', loads: 'scoring/profile.ts' },
];
const FORBIDDEN = [/^chain\/wallet\//, /^chain\/substrate\//, /^chain\/devchain\//, /^node\//, /^config\//, /^@polkadot\//, /^ws$/, /^pg$/];

/** Every file and package that is loaded with this file; imports of types alone are gone at run time. */
function loadedWith(entry: string): ReadonlySet<string> {
  const loaded = new Set<string>();
  const ahead = [entry];
  for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    const code = readFileSync(join(ROOT, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');
    const from = /(?:^|\n)\s*(?:import|export)\b(?!\s+type\b)[^'";]*?from\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g;
    for (const [, named, bare] of code.matchAll(from)) {
      const name = named ?? bare ?? '';
      if (!name.startsWith('.')) loaded.add(name);
      else ahead.push(relative('.', normalize(join(dirname(path), name))).replace(/\.js$/, '.ts'));
    }
  }
  return loaded;
}

describe('processes and threads that meet foreign bytes', () => {
  for (const { entry, loads } of ENTRIES) {
    it(`${entry} loads nothing that could open a key or reach the chain`, () => {
      const loaded = loadedWith(entry);
      expect([...loaded]).to.include(loads);
      expect([...loaded].filter((name) => FORBIDDEN.some((pattern) => pattern.test(name)))).to.deep.equal([]);
    });
  }

  it('are found out when they do', () => {
    const loaded = loadedWith('node/cli/signer-command.ts');
    expect([...loaded].some((name) => name.startsWith('chain/wallet/'))).to.equal(true);
  });

  it('are started with an environment and arguments of their own', () => {
    const sandbox = readFileSync(join(ROOT, 'scoring/onnx/sandbox.ts'), 'utf8');
    const pool = readFileSync(join(ROOT, 'scoring/threads/judge-pool.ts'), 'utf8');
    expect(sandbox.match(/\bspawn\(program!, /g)).to.have.length(1);
    expect(sandbox).to.contain('env: ENVIRONMENT');
    expect(pool.match(/new Worker\(/g)).to.have.length(1);
    expect(pool).to.contain("new Worker(entryPoint('scoring/threads/judge-worker'), { env: {}, execArgv: [] })");
  });
});
