/** A subnet of real processes on hosts of their own, through the worst days of a network: scripts/trial --help. */
import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../node/cli/output.js';
import { attack } from './attack-phase.js';
import type { Node } from './cast.js';
import { aliases, type Ground, hasNamespaces, namespaces } from './ground.js';
import { baseline, partition, restart } from './phases.js';
import { createRounds } from './rounds.js';
import { PHASES, type PhaseName, type PhaseResult, type Trial } from './trial.js';
import { createWorld, type World } from './world.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    phases: { type: 'string', default: PHASES.join() },
    apart: { type: 'string', default: '0' },
    cadence: { type: 'string', default: '80' },
    'block-time-ms': { type: 'string', default: '1000' },
    prompts: { type: 'string', default: '2' },
    'data-dir': { type: 'string', default: '.cache/trial' },
    aliases: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(`scripts/trial [--phases baseline,partition,restart,attack] [--minutes 10] [--apart SECONDS] [--cadence 80] [--block-time-ms 1000] [--prompts 2]
              [--data-dir .cache/trial] [--aliases] [--json]

Three validators and three miners as real processes, each in a network namespace of its own at one of two sites, lose each other and find together
again, are killed all but one, and then live through so many minutes in which a third of the hosts is hostile, while rounds go on. Takes about
15 minutes beside those; a busy machine needs longer rounds. --apart: how long the network is in two at least; a round goes by in any case.
Needs root and \`ip\`; without, or with --aliases, loopback addresses are used and there is no partition. What holds: docs/trial.md.
Exit 1 when something did not hold.
`);
  process.exit(0);
}

const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_RUNTIME_DIR'] as const;
const ANNOUNCE_INTERVAL_MS = 60_000;
const BODIES = { baseline, partition, restart, attack } as const;

const stopping = new AbortController();
// Every wait listens to it.
setMaxListeners(0, stopping.signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
const startedAtMs = Date.now();
const tell = (line: string) => {
  const elapsed = Math.floor((Date.now() - startedAtMs) / 1_000);
  process.stderr.write(`${String(Math.floor(elapsed / 60)).padStart(2, '0')}:${String(elapsed % 60).padStart(2, '0')}  ${line}\n`);
};

const wanted = values.phases.split(',');
const unknown = wanted.find((name) => !(PHASES as readonly string[]).includes(name));
if (unknown !== undefined) {
  process.stderr.write(`no such phase: ${unknown}; there are ${PHASES.join(', ')}\n`);
  process.exit(2);
}
const ground: Ground = !values.aliases && hasNamespaces() ? namespaces() : aliases();
process.once('exit', () => ground.remove());
if (!ground.canBeCut && wanted.includes('partition')) tell('the hosts are loopback addresses, which cannot be cut: no partition');

const results: PhaseResult[] = [];
let world: World | null = null;
let trouble: unknown = null;
try {
  world = await createWorld(
    ground,
    {
      dataDir: resolve(values['data-dir']),
      blockTimeMs: Number(values['block-time-ms']),
      cadenceBlocks: Number(values.cadence),
      prompts: Number(values.prompts),
      announceIntervalMs: ANNOUNCE_INTERVAL_MS,
      onHopeless: (reason) => stopping.abort(new Error(reason)),
      env: Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    },
    tell,
    stopping.signal,
  );
  await run(world);
} catch (error) {
  trouble = error;
} finally {
  tell('everything is stopped');
  await world?.stop();
  ground.remove();
}
const ok = trouble === null && results.every((result) => result.ok);
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ ok, ground: ground.kind, phases: results, trouble: trouble === null ? null : String(trouble) })}\n`,
  );
else process.stdout.write(`${results.map(text).join('\n\n')}\n\n${ok ? 'Everything held.' : 'Something did not hold.'}\n`);
const stoppedBy: unknown = stopping.signal.reason;
if (stoppedBy instanceof Error) process.stderr.write(`${stoppedBy.message}\n`);
else if (trouble !== null) process.stderr.write(`${trouble instanceof Error ? trouble.stack : String(trouble)}\n`);
process.exit(ok ? 0 : 1);

async function run(of: World): Promise<void> {
  const running: Node[] = [];
  const cuts = ground.canBeCut && wanted.includes('partition');
  const validators = of.cast.nodes.filter(({ role }) => role === 'validator');
  const trial: Trial = {
    world: of,
    ground,
    rounds: createRounds(of, validators, Number(values.cadence), stopping.signal),
    attackMinutes: Number(values.minutes),
    apartMsMin: Number(values.apart) * 1_000,
    roundMs: Number(values['block-time-ms']) * Number(values.cadence),
    signal: stopping.signal,
    tell,
    running: () => [...running],
    enter(node) {
      of.start(node);
      if (node.honest) running.push(node);
    },
    cuts,
  };
  // Everything stands on the first.
  for (const phase of PHASES.filter((name) => name === 'baseline' || wanted.includes(name))) {
    if (phase === 'partition' && !cuts) continue;
    tell(`— ${phase}`);
    results.push(await measured(phase, trial));
  }
}

async function measured(phase: PhaseName, trial: Trial): Promise<PhaseResult> {
  const beganAtMs = Date.now();
  const body = await BODIES[phase](trial);
  for (const { name, ok: held, detail } of body.checks) tell(`${held ? '✔' : '✘'} ${name}: ${detail}`);
  return { phase, ok: body.checks.every((check) => check.ok), seconds: Math.round((Date.now() - beganAtMs) / 1_000), ...body };
}

function text({ phase, seconds, figures, checks }: PhaseResult): string {
  return [
    `${phase}, ${seconds} s`,
    table(
      ['measured', 'value'],
      figures.map(([what, value]) => [what, value]),
    ),
    ...checks.map(({ name, ok: held, detail }) => `  ${held ? '✔' : '✘'} ${name}: ${detail}`),
  ].join('\n');
}
