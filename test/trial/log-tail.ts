/** Reads a log that grows, and keeps the lines that a trial is about. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface LogLine {
  readonly atMs: number;
  readonly msg: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface LogTail {
  /** All of them so far. */
  read(): readonly LogLine[];
}

export const SAID = {
  heard: 'announcement',
  announced: 'model announced',
  announcedToNobody: 'model announced, but nobody listens yet',
  sentAway: 'a peer misbehaved too often and is sent away',
  silent: 'nothing is heard of a peer any more, its connection is closed',
  /** Of a rogue. */
  attack: 'attack',
} as const;
const KEPT: ReadonlySet<string> = new Set(Object.values(SAID));
const READ_BYTES = 1024 * 1024;

export function createLogTail(file: string): LogTail {
  const lines: LogLine[] = [];
  let offset = 0;
  let rest = '';

  function take(text: string): void {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = parse(part);
      if (line !== null && KEPT.has(line.msg)) lines.push(line);
    }
  }

  return {
    read() {
      let handle: number;
      try {
        handle = openSync(file, 'r');
      } catch {
        return lines;
      }
      try {
        const buffer = Buffer.alloc(READ_BYTES);
        while (offset < fstatSync(handle).size) {
          const count = readSync(handle, buffer, 0, READ_BYTES, offset);
          if (count === 0) break;
          offset += count;
          // A character cut in two is in no line that is kept.
          take(buffer.toString('latin1', 0, count));
        }
      } finally {
        closeSync(handle);
      }
      return lines;
    },
  };
}

/** Null: no line of ours; one may be cut off by a kill. */
function parse(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  try {
    // Safety: a line of a log that voxd or a rogue wrote.
    const { time, msg, ...facts } = JSON.parse(text) as { readonly time?: string; readonly msg?: string };
    return time === undefined || msg === undefined ? null : { atMs: Date.parse(time), msg, facts };
  } catch {
    return null;
  }
}
