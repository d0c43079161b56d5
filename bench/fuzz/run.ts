/**
 * `npm run fuzz -- [--seconds 600] [--inputs 10000000] [--seed 1] [--target NAME] [--replay HEX]`: ends with the first of both limits, prints a table, and for
 * each finding the input in hex. Exit code 1 with findings.
 */
import { parseArgs } from 'node:util';
import { figure } from '../benchmark.js';
import { type FuzzReport, feed, fuzz } from './fuzz.js';
import { fuzzTargets } from './targets.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    inputs: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    replay: { type: 'string' },
  },
});

const all = fuzzTargets('test/vectors/frames.json');
const targets = all.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) {
  process.stderr.write(`No decoder is called ${values.target}. There are: ${all.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}
if (values.replay !== undefined) {
  const input = new Uint8Array(Buffer.from(values.replay, 'hex'));
  const problems = [];
  for (const target of targets) {
    const tally = { target: target.name, inputs: 0, bytes: 0, elapsedMs: 0, slowestMs: 0, allocatedMax: 0 };
    problems.push({ name: target.name, problem: await feed(target, input, tally), tally });
  }
  for (const { name, problem, tally } of problems)
    process.stdout.write(`${name}: ${problem ?? 'as promised'} (${tally.slowestMs.toFixed(2)} ms, ${tally.allocatedMax} bytes)\n`);
  process.exit(problems.some(({ problem }) => problem !== null) ? 1 : 0);
}

const startedAtMs = performance.now();
const report = await fuzz(
  targets,
  Number(values.seed),
  (inputs, elapsedMs) => inputs >= Number(values.inputs) || elapsedMs >= Number(values.seconds) * 1_000,
);
process.stdout.write(page(report, (performance.now() - startedAtMs) / 1_000));
process.exit(report.findings.length > 0 ? 1 : 0);

function page({ tallies, findings }: FuzzReport, seconds: number): string {
  const inputs = tallies.reduce((sum, tally) => sum + tally.inputs, 0);
  const rows = tallies.map(
    ({ target, inputs: count, elapsedMs, slowestMs, allocatedMax }) =>
      `${target.padEnd(18)} ${figure(count).padStart(11)} ${figure((count / elapsedMs) * 1_000).padStart(11)}/s  ${slowestMs.toFixed(2).padStart(7)} ms  ${figure(allocatedMax / 1024).padStart(7)} KiB`,
  );
  return [
    `${'decoder'.padEnd(18)} ${'inputs'.padStart(11)} ${'decoded'.padStart(11)}    ${'slowest'.padStart(7)}     ${'largest'.padStart(7)}`,
    ...rows,
    `${figure(inputs)} inputs in ${figure(seconds)} s: ${figure(inputs / seconds)} per second, ${findings.length} findings`,
    ...findings.map(
      ({ target, seed, problem, input }) => `\n${target}, seed ${seed}: ${problem}\n  --target '${target}' --replay ${input}`,
    ),
    '',
  ].join('\n');
}
