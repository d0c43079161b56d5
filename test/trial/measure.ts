/** Figures of a trial. Pure. */
import type { LogLine } from './log-tail.js';
import { SAID } from './log-tail.js';

/** Nearest rank; null of nothing. */
export function percentile(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}

export interface Delivery {
  readonly sent: number;
  readonly expected: number;
  readonly delivered: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** "sender → receiver", where one did not arrive. */
  readonly missing: readonly string[];
}

export interface Voice {
  readonly name: string;
  readonly hotkey: string;
  readonly lines: readonly LogLine[];
}

/** Announcements made between the two moments, at those who were there all the time. */
export function deliveryOf(senders: readonly Voice[], receivers: readonly Voice[], fromMs: number, untilMs: number): Delivery {
  const ages: number[] = [];
  const missing: string[] = [];
  let [sent, expected] = [0, 0];
  for (const sender of senders)
    for (const line of sender.lines) {
      if (line.msg !== SAID.announced || line.atMs < fromMs || line.atMs > untilMs) continue;
      sent += 1;
      for (const receiver of receivers) {
        if (receiver.hotkey === sender.hotkey) continue;
        expected += 1;
        const heard = receiver.lines.find(
          ({ msg, facts }) => msg === SAID.heard && facts['hotkey'] === sender.hotkey && facts['sequence'] === line.facts['sequence'],
        );
        if (heard === undefined) missing.push(`${sender.name} → ${receiver.name}`);
        else ages.push(Number(heard.facts['ageMs']));
      }
    }
  return {
    sent,
    expected,
    delivered: ages.length,
    p50Ms: percentile(ages, 50),
    p99Ms: percentile(ages, 99),
    maxMs: ages.length === 0 ? null : Math.max(...ages),
    missing,
  };
}

export interface AttackRow {
  readonly attack: string;
  readonly times: number;
  readonly closed: number;
  readonly held: number;
  readonly refused: number;
  readonly closedAfterP50Ms: number | null;
  readonly closedAfterMaxMs: number | null;
}

/** What the rogues say of themselves, by attack. */
export function attacksOf(lines: readonly LogLine[]): readonly AttackRow[] {
  const names = [...new Set(lines.map(({ facts }) => String(facts['attack'])))].sort();
  return names.map((attack) => {
    const all = lines.filter(({ facts }) => facts['attack'] === attack);
    const count = (outcome: string) => all.filter(({ facts }) => facts['outcome'] === outcome).length;
    const closedAfterMs = all.filter(({ facts }) => facts['outcome'] === 'closed').map(({ facts }) => Number(facts['afterMs']));
    return {
      attack,
      times: all.length,
      closed: count('closed'),
      held: count('held'),
      refused: count('refused'),
      closedAfterP50Ms: percentile(closedAfterMs, 50),
      closedAfterMaxMs: percentile(closedAfterMs, 100),
    };
  });
}
