/** What a benchmark is, and the sums and pages made of its rows. Nothing here measures. */

/** One figure. Without `peer` it stands for itself; with one, both were measured in the same run. */
export interface BenchRow {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number };
  /** Value by the peer's value. */
  readonly ratio?: number;
  /** What keeps the value from being better. */
  readonly limit: string;
}

export interface BenchOptions {
  /** Fewer runs, less data: shows that it works, not how fast. */
  readonly quick: boolean;
  /** A line about what is going on. */
  readonly note: (line: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly what: string;
  run(options: BenchOptions): Promise<readonly BenchRow[]>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  /** Running tasks, mean of the last minute, before the first benchmark. */
  readonly load: number;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly results: readonly { readonly name: string; readonly what: string; readonly rows: readonly BenchRow[] }[];
}

/** Errors: throws for an empty list; there is no middle of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('median of nothing');
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** Shape: share from 0 to 1, such as 0.99. Not a number for an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A row with its ratio worked out. */
export function rowBeside(row: Omit<BenchRow, 'peer' | 'ratio'>, peer: NonNullable<BenchRow['peer']>): BenchRow {
  return peer.value === 0 ? { ...row, peer } : { ...row, peer, ratio: row.value / peer.value };
}

/** Three significant digits, thousands set apart: 1,230 · 45.6 · 0.0789. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value.toLocaleString('en-US', Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

/** The report as Markdown: a terminal shows it as well as a page does. */
export function reportText({ machine, quick, results }: BenchReport): string {
  const { cpu, cores, memoryGiB, node, platform, load } = machine;
  const head = `${cpu}, ${cores} cores, ${figure(memoryGiB)} GiB; Node ${node}, ${platform}; load ${load.toFixed(2)} at the start${quick ? '; QUICK run' : ''}`;
  const parts = results.map(({ name, what, rows }) => {
    const cells = rows.map((row) => [
      row.measure,
      `${figure(row.value)} ${row.unit}`,
      row.peer === undefined ? '' : `${row.peer.name}: ${figure(row.peer.value)}`,
      row.ratio === undefined ? '' : `${figure(row.ratio)} ×`,
      row.limit,
    ]);
    return [`### ${name} — ${what}`, '', ...markdownTable(['measure', 'value', 'peer in the same run', 'ratio', 'limit'], cells)].join(
      '\n',
    );
  });
  return `${[head, ...parts].join('\n\n')}\n`;
}

/** Columns as wide as their widest cell. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)];
}

export function reportJson(report: BenchReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
