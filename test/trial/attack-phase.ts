/** A third hostile while rounds go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Node, ORDER } from './cast.js';
import { SAID } from './log-tail.js';
import { networkOf, type Vitals, vitalsOf } from './look.js';
import { attacksOf, deliveryOf, percentile } from './measure.js';
import type { RoundSeen } from './rounds.js';
import { type Figure, type PhaseResult, roundFigures, roundText, seconds, type Trial } from './trial.js';
import { NETUID } from './world.js';

/** Each of these breaks a rule that no honest program breaks. */
const SHUT_OUT: ReadonlySet<string> = new Set([
  'forged signatures',
  'unregistered spam',
  'replay from another chain',
  'registered, over its allowance',
  'IHAVE flood',
  'IWANT flood',
  'GRAFT and PRUNE flood',
  'IDONTWANT flood',
  'subscription flood',
  'frames of nonsense',
]);
const SHUT_OUT_MS_MAX = 10_000;
/** A socket without a word: 15 s without proof, and a turn. */
const SILENT_MS_MAX = 17_000;
const DELIVERED_PERCENT_MIN = 99;
const P99_MS_MAX = 5_000;
const LOOK_MS = 10_000;
/** Of the median look at a node. */
const LAG_P99_MS_MAX = 500;
const LAG_MAX_MS_MAX = 5_000;
const GROWTH_BYTES_MAX = 200 * 1024 * 1024;
/** What was sent so shortly before the end may be under way. */
const UNDER_WAY_MS = 15_000;

export async function attack(trial: Trial): Promise<Omit<PhaseResult, 'phase' | 'ok' | 'seconds'>> {
  const { world } = trial;
  const targets = trial.running();
  const calm = await look(trial, targets);
  const startedAtMs = Date.now();
  for (const node of world.cast.nodes) if (node.entrance === 'attack') trial.enter(node);
  for (const rogue of world.cast.rogues) await world.unleash(rogue, targets);
  const hostile = world.cast.rogues.map(({ rogue }) => rogue);
  trial.tell(`for ${trial.attackMinutes} min: ${hostile.join(', ')} and a copycat against ${targets.length} honest nodes`);

  const looks: Vitals[][] = [];
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      await delay(LOOK_MS, undefined, { signal: watching.signal }).catch(() => undefined);
      looks.push(await look(trial, targets));
    }
  })();

  const rounds: RoundSeen[] = [];
  const untilMs = startedAtMs + trial.attackMinutes * 60_000;
  try {
    // Rounds that begin and end under attack; the one that is open at the end is not judged.
    for (let round = await trial.rounds.next(); rounds.length === 0 || Date.now() + trial.roundMs / 2 < untilMs; round += 1) {
      const seen = await trial.rounds.seen(round);
      trial.tell(roundText(seen));
      rounds.push(seen);
    }
    await delay(Math.max(0, untilMs - Date.now()), undefined, { signal: trial.signal });
  } finally {
    watching.abort();
    await watch;
  }
  const endedAtMs = Date.now();
  const scores = await scoresOf(trial, targets);
  await world.subdue();
  const snapshot = await world.chain.snapshot(NETUID);

  const voices = trial.running().map((node) => ({ name: node.name, hotkey: world.hotkeyOf(node), lines: world.said(node.name) }));
  const there = new Set(targets.map(({ name }) => name));
  const receivers = voices.filter(({ name }) => there.has(name));
  const delivery = deliveryOf(voices, receivers, startedAtMs, endedAtMs - UNDER_WAY_MS);
  const attacks = attacksOf(world.cast.rogues.flatMap(({ rogue }) => world.said(rogue).filter(({ msg }) => msg === SAID.attack)));
  const mustClose = attacks.filter(({ attack: name }) => SHUT_OUT.has(name));
  const tooLong = mustClose.filter(({ held, closedAfterMaxMs }) => held > 0 || (closedAfterMaxMs ?? 0) > SHUT_OUT_MS_MAX);
  const silent = attacks.find(({ attack: name }) => name === 'silent sockets');
  const sentAway = voices.reduce(
    (sum, { lines }) => sum + lines.filter(({ msg, atMs }) => msg === SAID.sentAway && atMs >= startedAtMs).length,
    0,
  );
  const honestHotkeys = new Set<unknown>(voices.map(({ hotkey }) => hotkey));
  const honestSentAway = voices.flatMap(({ name, lines }) =>
    lines
      .filter(({ msg, facts }) => msg === SAID.sentAway && honestHotkeys.has(facts['hotkey']))
      .map(({ facts }) => `${name}: ${String(facts['hotkey'])}`),
  );
  const bad = new Set([...world.cast.rogues, ...world.cast.nodes.filter(({ honest }) => !honest)].map((who) => world.hotkeyOf(who)));
  const earning = snapshot.neurons.filter(({ hotkey, incentive, emissionRao }) => bad.has(hotkey) && (incentive > 0 || emissionRao > 0n));
  const weighted = rounds.flatMap(({ round, verdicts }) =>
    verdicts.flatMap(({ validator, weights }) =>
      Object.keys(weights ?? {})
        .filter((name) => isBad(trial, name))
        .map((name) => `${validator} round ${round}: ${name}`),
    ),
  );
  const missed = rounds.filter(({ weighedByAll }) => !weighedByAll);
  const unequal = rounds.filter(({ weighedByAll, equal }) => weighedByAll && !equal);
  const notReplayed = rounds.filter(({ verdicts }) => verdicts.some(({ weights, replayed }) => weights !== null && !replayed));
  const misranked = rounds.filter((seen) => !isRanked(seen));
  const lagP99Ms = Math.max(0, ...targets.map((_, index) => percentile(ofNode(looks, index, 'lagP99Ms'), 50) ?? 0));
  const lagMaxMs = Math.max(0, ...looks.flat().map((vitals) => vitals.lagMaxMs));
  const lastBytes = targets.map((_, index) => ofNode(looks, index, 'residentBytes').at(-1) ?? 0);
  const grownBytes = lastBytes.map((bytes, index) => bytes - (calm[index]?.residentBytes ?? 0));
  const largest = lastBytes.indexOf(Math.max(...lastBytes));
  const peakBytes = Math.max(0, ...looks.flat().map(({ residentBytes }) => residentBytes));

  return {
    figures: [
      ['hostile, of all hosts', `${hostile.length} of ${hostile.length + targets.length}`],
      ['under attack for, s', seconds(endedAtMs - startedAtMs)],
      ...roundFigures(rounds),
      ['announcements sent', delivery.sent],
      ['announcements delivered', `${delivery.delivered} of ${delivery.expected}`],
      ['delivery p50 / p99 / max, ms', `${delivery.p50Ms} / ${delivery.p99Ms} / ${delivery.maxMs}`],
      ...attacks.map((row): Figure => [row.attack, attackText(row)]),
      ['peers sent away by honest nodes', sentAway],
      ['scores of hostile hotkeys at honest nodes', scores.join(', ') || 'none is connected'],
      ['main loop lag before: p99 of the worst node, ms', Math.round(Math.max(0, ...calm.map(({ lagP99Ms: ms }) => ms)))],
      ['main loop lag: p99 of the worst node, its median look, ms', Math.round(lagP99Ms)],
      ['main loop lag: longest ever, ms', Math.round(lagMaxMs)],
      ['memory before: largest node, MiB', mib(Math.max(0, ...calm.map(({ residentBytes }) => residentBytes)))],
      ['memory: largest node ever, MiB', mib(peakBytes)],
      ['memory: most grown, MiB', mib(Math.max(...grownBytes))],
      [
        `memory: heap used / external / resident of the largest node (${targets[largest]?.name}), first and last look, MiB`,
        [calm, looks.findLast((all) => (all[largest]?.residentBytes ?? 0) > 0)].map((all) => memoryText(all?.[largest])).join('; '),
      ],
    ],
    checks: [
      {
        name: 'every round weighed by every validator',
        ok: missed.length === 0,
        detail: `${rounds.length - missed.length} of ${rounds.length}`,
      },
      {
        name: 'weights equal',
        ok: unequal.length === 0,
        detail: `${rounds.length - missed.length - unequal.length} of ${rounds.length - missed.length}`,
      },
      {
        name: 'weights right',
        ok: misranked.length === 0 && notReplayed.length === 0,
        detail: `${ORDER.map((tier) => tier.join(', ')).join(' > ')}; made again from the rows bit for bit${[...misranked, ...notReplayed].map(({ round }) => `; not in round ${round}`).join('')}`,
      },
      {
        name: 'no hostile hotkey earns',
        ok: earning.length === 0 && weighted.length === 0,
        detail: weighted.join('; ') || `${bad.size} hotkeys, incentive and emission 0, no weight of anybody`,
      },
      {
        name: 'honest announcements delivered',
        ok:
          delivery.expected > 0 &&
          (100 * delivery.delivered) / delivery.expected >= DELIVERED_PERCENT_MIN &&
          (delivery.p99Ms ?? 0) <= P99_MS_MAX,
        detail: `${delivery.delivered} of ${delivery.expected}, p99 ${delivery.p99Ms} ms${delivery.missing.length > 0 ? `; missing ${delivery.missing.slice(0, 5).join(', ')}` : ''}`,
      },
      {
        name: 'attackers shut out',
        ok: mustClose.length > 0 && tooLong.length === 0,
        detail: tooLong.map(({ attack: name }) => name).join(', ') || `each within ${SHUT_OUT_MS_MAX / 1_000} s`,
      },
      {
        name: 'silent sockets closed',
        ok: silent === undefined || (silent.held === 0 && (silent.closedAfterMaxMs ?? 0) <= SILENT_MS_MAX),
        detail: silent === undefined ? 'none tried' : `after ${seconds(silent.closedAfterMaxMs)} s at most`,
      },
      { name: 'nobody honest sent away', ok: honestSentAway.length === 0, detail: honestSentAway.join(', ') || 'none' },
      {
        name: 'main loop turns',
        ok: lagP99Ms <= LAG_P99_MS_MAX && lagMaxMs <= LAG_MAX_MS_MAX,
        detail: `p99 ${Math.round(lagP99Ms)} ms, longest ${Math.round(lagMaxMs)} ms`,
      },
      {
        name: 'memory bounded',
        ok: Math.max(...grownBytes) <= GROWTH_BYTES_MAX,
        detail: `grown by ${mib(Math.max(...grownBytes))} MiB at most`,
      },
    ],
  };
}

async function look(_trial: Trial, nodes: readonly Node[]): Promise<Vitals[]> {
  const seen = await Promise.all(nodes.map(vitalsOf));
  const nothing: Vitals = {
    atMs: Date.now(),
    lagP99Ms: 0,
    lagMaxMs: 0,
    residentBytes: 0,
    heapUsedBytes: 0,
    externalBytes: 0,
    exiles: 0,
    ignored: 0,
    rejected: 0,
  };
  return seen.map((vitals) => vitals ?? nothing);
}

/** Of one node over all looks; those that got no answer are left out. */
function ofNode(looks: readonly (readonly Vitals[])[], index: number, what: 'lagP99Ms' | 'residentBytes'): readonly number[] {
  return looks.flatMap((all) => (all[index]?.[what] ?? 0) || []);
}

/** "liar at validator-1 -95". */
async function scoresOf(trial: Trial, nodes: readonly Node[]): Promise<readonly string[]> {
  const names = new Map<unknown, string>(trial.world.cast.rogues.map((member) => [trial.world.hotkeyOf(member), member.rogue]));
  const views = await Promise.all(nodes.map(networkOf));
  return views.flatMap((view, index) =>
    (view?.peers ?? []).flatMap(({ hotkey, score }) =>
      names.has(hotkey) ? [`${names.get(hotkey)} at ${nodes[index]?.name} ${Math.round(score)}`] : [],
    ),
  );
}

function isBad(trial: Trial, name: string): boolean {
  const member = trial.world.cast.nodes.find((node) => node.name === name);
  return member === undefined || !member.honest;
}

/** Everybody gives each voice of a tier more than any of the next. */
function isRanked({ verdicts }: RoundSeen): boolean {
  return verdicts.every(({ weights }) =>
    ORDER.slice(1).every((below, index) => {
      const values = (names: readonly string[]) => names.map((name) => weights?.[name] ?? 0);
      return weights === null || Math.min(...values(ORDER[index]!)) > Math.max(...values(below));
    }),
  );
}

function attackText({ times, closed, held, refused, closedAfterP50Ms, closedAfterMaxMs }: ReturnType<typeof attacksOf>[number]): string {
  const parts = [
    closed > 0 ? `${closed} closed (after ${seconds(closedAfterP50Ms)} s, ${seconds(closedAfterMaxMs)} s at most)` : '',
    held > 0 ? `${held} held` : '',
    refused > 0 ? `${refused} not let in` : '',
  ];
  return `${times} times: ${parts.filter((part) => part !== '').join(', ')}`;
}

const mib = (bytes: number) => Math.round(bytes / 2 ** 20);

function memoryText(vitals: Vitals | undefined): string {
  return [vitals?.heapUsedBytes, vitals?.externalBytes, vitals?.residentBytes].map((bytes) => mib(bytes ?? 0)).join(' / ');
}
