/** What commands print: one result, for people or as JSON; everything else goes to standard error. */
import Table from 'cli-table3';
import { EXIT, type ExitCode, type Failure, isFailure } from '../../protocol/failure.js';

export { counted, duration, size } from '../words.js';

export interface Output {
  readonly json: boolean;
  /** The result of the command: JSON on one line with --json, else the text. */
  result(value: object, text: () => string): void;
  /** A line about what is going on; silent with --quiet. */
  note(line: string): void;
}

export function createOutput(options: { readonly json: boolean; readonly quiet?: boolean }): Output {
  return {
    json: options.json,
    result(value, text) {
      process.stdout.write(options.json ? `${toJson(value)}\n` : `${text().trimEnd()}\n`);
    },
    note(line) {
      if (!options.quiet) process.stderr.write(`${line}\n`);
    },
  };
}

/** JSON in which bigints are plain integers of any size, and bytes are hex. */
export function toJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === 'bigint') return `\u0000${item}\u0000`;
      if (item instanceof Uint8Array) return Buffer.from(item).toString('hex');
      if (item instanceof Map) return Object.fromEntries(item);
      return item;
    },
    indent,
  );
  return text.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
}

/** Says what went wrong and returns the exit code. An error that has no code is a defect of ours and shows its stack. */
export function reportError(error: unknown, json: boolean): ExitCode {
  if (isFailure(error)) {
    if (json)
      process.stdout.write(`${toJson({ ok: false, code: error.code, message: error.message, facts: error.facts, hint: error.hint })}\n`);
    else process.stderr.write(`${explainFailure(error)}\n`);
    return error.exit;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json)
    process.stdout.write(
      `${toJson({ ok: false, code: 'internal.defect', facts: { error: String(error) }, hint: 'This is a defect of voxd; please report it.' })}\n`,
    );
  process.stderr.write(`voxd: a defect: ${message}\n`);
  return EXIT.internal;
}

export function explainFailure(failure: Failure): string {
  const problems = failure.facts['problems'];
  if (Array.isArray(problems))
    return [`error: ${failure.message}`, ...problems.map((problem) => `  - ${problem}`), `  next: ${failure.hint}`].join('\n');
  // What the sentences above and below say already is not said again.
  const said = `${failure.message}\n${failure.hint}`;
  const facts = Object.entries(failure.facts)
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)] as const)
    .filter(([, value]) => value !== '' && !said.includes(value))
    .map(([name, value]) => `${name}=${value}`);
  return [
    `error: ${failure.message}`,
    `  code: ${failure.code}${facts.length > 0 ? `  (${facts.join(' ')})` : ''}`,
    `  next: ${failure.hint}`,
  ].join('\n');
}

type Cell = string | number | bigint | null;

/** Columns of numbers stand to the right. No line ends in spaces. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const drawn = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (rows.length > 0 && rows.every((row) => isFigure(row[column] ?? null)) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' ',
    },
  });
  for (const row of rows) drawn.push(row.map((cell) => (cell === null ? '–' : String(cell))));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function isFigure(cell: Cell): boolean {
  return typeof cell !== 'string' || /^(–|[-\d][\d,. ]*%?)?$/.test(cell);
}

/** Shape: rao → TAO text with at most 4 digits after the point. */
export function tao(rao: bigint): string {
  return (Number(rao / 100_000n) / 10_000).toLocaleString('en-US', { maximumFractionDigits: 4 });
}

export function percent(ppm: number | null): string {
  return ppm === null ? '–' : `${(ppm / 10_000).toFixed(2)} %`;
}

/** 5Grw…utQY: enough to tell hotkeys apart by eye. */
export function short(text: string, head = 6, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}
