/**
 * The chain on disk: one file, one line per record, each with its checksum. A block is on disk before anyone hears of it; a line that was
 * being written when the process died is dropped. The file is rewritten (beside, then renamed) when it has grown.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { devchainFailure } from './failures.js';

const FILE = 'chain.journal';

const blockSchema = z.object({
  parentHash: z.string(),
  number: z.number(),
  stateRoot: z.string(),
  extrinsicsRoot: z.string(),
  hash: z.string(),
  timeMs: z.number(),
  extrinsics: z.array(z.string()),
});
const recordSchema = z.discriminatedUnion('kind', [
  /** The state after `block`, and the older blocks still known. */
  z.object({
    kind: z.literal('base'),
    genesisHash: z.string(),
    block: blockSchema,
    older: z.array(blockSchema),
    state: z.array(z.tuple([z.string(), z.string()])),
  }),
  z.object({ kind: z.literal('block'), block: blockSchema, changes: z.array(z.tuple([z.string(), z.string().nullable()])) }),
]);
export type JournalRecord = z.infer<typeof recordSchema>;
export type BaseRecord = Extract<JournalRecord, { kind: 'base' }>;
export type BlockRecord = Extract<JournalRecord, { kind: 'block' }>;

export interface Journal {
  /** Returns when it is on disk. */
  append(record: BlockRecord): void;
  /** Replaces the whole file, all or nothing. */
  rewrite(base: BaseRecord, blocks: readonly BlockRecord[]): void;
  sizeBytes(): number;
  close(): void;
}

function lineOf(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

/** Shape: folder → what was written there (null: nothing yet). Errors: devchain.journal_damaged when more than the last line is unreadable. */
export function readJournal(
  folder: string,
): { readonly base: BaseRecord; readonly blocks: readonly BlockRecord[]; readonly sizeBytes: number } | null {
  const file = join(folder, FILE);
  if (!existsSync(file)) return null;
  const content = readFileSync(file);
  const records: JournalRecord[] = [];
  let at = 0;
  while (at < content.length) {
    const end = content.indexOf(10, at);
    const record = end === -1 ? null : parseLine(content.subarray(at, end).toString('utf8'));
    if (record === null) {
      const isLast = end === -1 || end === content.length - 1;
      if (!isLast)
        throw devchainFailure('devchain.journal_damaged', { file, at, reason: 'a record before the last does not match its checksum' });
      break;
    }
    records.push(record);
    at = end + 1;
  }
  const [base, ...rest] = records;
  if (base === undefined) return null;
  const blocks = rest.filter((record) => record.kind === 'block');
  const connected = blocks.every((record, i) => record.block.number === base.block.number + i + 1);
  if (base.kind !== 'base' || blocks.length !== rest.length || !connected) {
    throw devchainFailure('devchain.journal_damaged', { file, at: 0, reason: 'its records do not follow each other' });
  }
  return { base, blocks, sizeBytes: at };
}

function parseLine(line: string): JournalRecord | null {
  const json = line.slice(9);
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return null;
  const parsed = recordSchema.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}

/** Opens the journal for writing after its first `validBytes`. */
export function openJournal(folder: string, validBytes: number): Journal {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, FILE);
  let handle = openSync(file, existsSync(file) ? 'r+' : 'w+');
  ftruncateSync(handle, validBytes);
  let size = validBytes;

  function write(to: number, text: string, position: number): number {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(to, bytes, done, bytes.length - done, position + done);
    return bytes.length;
  }

  return {
    append: (record) => {
      size += write(handle, lineOf(record), size);
      fdatasyncSync(handle);
    },
    rewrite: (base, blocks) => {
      const beside = `${file}.new`;
      const next = openSync(beside, 'w+');
      let written = 0;
      for (const record of [base, ...blocks]) written += write(next, lineOf(record), written);
      fsyncSync(next);
      renameSync(beside, file);
      const directory = openSync(folder, 'r');
      fsyncSync(directory);
      closeSync(directory);
      closeSync(handle);
      handle = next;
      size = written;
    },
    sizeBytes: () => size,
    close: () => closeSync(handle),
  };
}
