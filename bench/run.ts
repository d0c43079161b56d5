/** `npm run bench [name…] [--json] [--quick]`: measures, and prints a table or JSON. Progress goes to standard error. */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { type Benchmark, type BenchReport, type Machine, reportJson, reportText } from './benchmark.js';
import { connection } from './connection.js';
import { copies } from './copies.js';
import { delivery } from './delivery.js';
import { gate } from './gate.js';
import { join } from './join.js';
import { judge } from './judge.js';
import { judging } from './judging.js';
import { lag } from './lag.js';
import { pair } from './pair.js';
import { registry } from './registry.js';
import { scoring } from './scoring.js';
import { submission } from './submission.js';
import { timelock } from './timelock.js';
import { transfer } from './transfer.js';
import { weights } from './weights.js';

const BENCHMARKS: readonly Benchmark[] = [
  gate,
  delivery,
  pair,
  transfer,
  join,
  scoring,
  judging,
  judge,
  lag,
  copies,
  registry,
  connection,
  submission,
  timelock,
  weights,
];
const GIB = 1024 ** 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  process.stderr.write(`No benchmark is called ${unknown.join(', ')}. There are: ${BENCHMARKS.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}

function thisMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown CPU',
    cores: cpus().length,
    memoryGiB: totalmem() / GIB,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    load: loadavg()[0] ?? 0,
  };
}

const note = (line: string) => process.stderr.write(`${line}\n`);
const machine = thisMachine();
if (machine.load > machine.cores) note(`The load is ${machine.load.toFixed(2)} on ${machine.cores} cores: these figures will be too low.`);
const results: BenchReport['results'][number][] = [];
for (const { name, what, run } of BENCHMARKS.filter((one) => positionals.length === 0 || positionals.includes(one.name))) {
  note(`${name}: ${what} …`);
  results.push({ name, what, rows: await run({ quick: values.quick, note: (line) => note(`  ${line}`) }) });
}
const report = { machine, quick: values.quick, results };
process.stdout.write(values.json ? reportJson(report) : reportText(report));
// Engines in this process keep threads of their own.
process.exit(0);
