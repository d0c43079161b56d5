/** Shows a run while it works: a table redrawn on a terminal, one line per event in a pipe. */
import { table } from '../cli/output.js';

export interface ProgressRow {
  readonly name: string;
  readonly role: string;
  readonly uid: number | null;
  readonly peers: number | null;
  readonly doing: string;
}

export interface Progress {
  /** Something happened: kept on the screen. */
  event(line: string): void;
  /** How things stand; only a terminal shows it. */
  show(headline: string, rows: readonly ProgressRow[]): void;
  end(): void;
}

export function createProgress(options: {
  readonly stream: NodeJS.WriteStream;
  readonly startedAtMs: number;
  readonly live: boolean;
}): Progress {
  const { stream, live } = options;
  let drawn = 0;

  function stamp(): string {
    const seconds = Math.floor((Date.now() - options.startedAtMs) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  }

  function erase(): void {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  }

  return {
    event(line) {
      erase();
      stream.write(`${stamp()}  ${line}\n`);
    },
    show(headline, rows) {
      if (!live) return;
      erase();
      const width = Math.max(40, (stream.columns ?? 100) - 1);
      const lines = [
        '',
        `${stamp()}  ${headline}`,
        table(
          ['node', 'role', 'uid', 'peers', 'doing'],
          rows.map(({ name, role, uid, peers, doing }) => [name, role, uid, peers, doing]),
        ),
      ]
        .join('\n')
        .split('\n')
        .map((line) => line.slice(0, width));
      stream.write(`${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    end: erase,
  };
}
