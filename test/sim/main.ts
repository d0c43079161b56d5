/** Simulates a subnet for as long as it is told: scripts/simulate --help. */
import { parseArgs } from 'node:util';
import { simulate } from './simulation.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '50' },
    validators: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '200' },
    hostile: { type: 'string', default: '33' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`scripts/simulate [--seed N] [--seeds COUNT] [--nodes 50] [--validators 12] [--rounds 200] [--hostile PERCENT] [--json]

Lives through so many rounds of a subnet of full nodes in one process, under the trouble that the seed draws: killed processes, partitions, loss,
stalled endpoints, new models, lost seats, hostile participants, holders of models that lie or stop. Exit 1, and the seed to do it again with, when something did not hold.
`);
  process.exit(0);
}

let failed = false;
for (let n = 0; n < Number(values.seeds); n++) {
  const seed = Number(values.seed) + n;
  const startedMs = performance.now();
  const rounds = Number(values.rounds);
  const result = await simulate({
    seed,
    nodes: Number(values.nodes),
    validators: Number(values.validators),
    hostilePercent: Number(values.hostile),
    rounds,
    onRound: (round) => {
      if (process.stderr.isTTY) process.stderr.write(`\rseed ${seed}: round ${round + 1} of ${rounds} `);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = (performance.now() - startedMs) / 1000;
  const heapMiB = process.memoryUsage().heapUsed / 2 ** 20;
  if (values.json) process.stdout.write(`${JSON.stringify({ ...result, seconds, heapMiB })}\n`);
  else {
    const { announcements: a, weighed: w, transfers: t, network } = result;
    const byCode = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([code, times]) => `${times} × ${code}`)
        .join(', ') || 'none';
    process.stdout.write(`seed ${seed}: ${result.rounds} rounds of ${values.nodes} nodes in ${seconds.toFixed(1)} s, heap ${heapMiB.toFixed(0)} MiB
  announcements  ${a.sent} sent, ${((100 * a.reached) / Math.max(1, a.expected)).toFixed(3)} % reached in time, worst ${a.worstPercent.toFixed(1)} %
  weights        ${w.decisions} decisions, ${w.unanimous} of ${w.rounds} rounds unanimous, the same best in ${w.sameBest}, at most ${w.apartPercent.toFixed(1)} % apart on average, ${result.submissions} submissions
  transfers      ${t.begun} begun, ${t.whole} whole, the longest in ${(t.longestMs / 1000).toFixed(1)} s, waited at most ${(t.longestWaitMs / 1000).toFixed(0)} s beside an honest holder
                 failed: ${byCode(t.failed)}
                 providers dropped: ${byCode(t.dropped)}
                 ${t.streams.opened} streams, ${t.streams.openMax} ends at one time, ${t.streams.broken} broken, ${t.streams.resent} frames sent again
  network        ${network.frames} frames, ${network.judged} messages judged, ${network.lost} lost
  trouble        ${Object.entries(result.troubles)
    .map(([what, times]) => `${times} × ${what}`)
    .join(', ')}
  digest         ${result.digest}
`);
    for (const violation of result.violations.slice(0, 20)) process.stdout.write(`  BROKEN ${violation}\n`);
    if (result.violations.length > 0)
      process.stdout.write(
        `  ${result.violations.length} things did not hold; again: scripts/simulate --seed ${seed} --nodes ${values.nodes} --validators ${values.validators} --rounds ${rounds} --hostile ${values.hostile}\n`,
      );
  }
  failed ||= result.violations.length > 0;
}
process.exitCode = failed ? 1 : 0;
