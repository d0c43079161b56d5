/**
 * espeak-ng as a program of its own: for voices that were trained on exactly what it writes. It is never linked, never shipped, and asked for by
 * name and version in the manifest, so that two validators cannot read one voice in two ways.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { type Failure, isFailure } from '../../protocol/failure.js';
import { scoringFailure } from '../failures.js';
import type { Phonemiser } from '../ports.js';

export const ESPEAK_TIMEOUT_MS = 10_000;
export const ESPEAK_OUTPUT_BYTES_MAX = 64 * 1024;
/** Fixed places, never PATH: the environment does not decide what reads a prompt. */
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const CLAUSE_END = /[,.?!;:]/;

/** Path of espeak-ng on this machine, or null. */
export function findEspeak(): string | null {
  return FOLDERS.map((folder) => join(folder, 'espeak-ng')).find(isExecutable) ?? null;
}

/** Errors of its methods: scoring.phonemiser_missing, scoring.phonemiser_unsuitable, scoring.phonemiser_failed; the signal's reason. */
export function createEspeak({ program }: { readonly program: string | null }): Phonemiser {
  let version: Promise<string> | null = null;
  return {
    async check(wanted) {
      if (wanted === null) return;
      if (program === null) throw scoringFailure('scoring.phonemiser_missing', { version: wanted.version });
      version ??= ask(program, ['--version'], '').catch((error: unknown) => {
        version = null;
        throw error;
      });
      const actual = /\d+(\.\d+)+(-\w+)?/.exec(await version)?.[0] ?? 'of no version';
      if (actual !== wanted.version) throw scoringFailure('scoring.phonemiser_unsuitable', { expected: wanted.version, actual });
    },
    async ipa(text, voice, signal) {
      if (program === null) throw scoringFailure('scoring.phonemiser_missing', { version: '' });
      const parts: string[] = [];
      // Clause by clause, because it leaves out the marks between them.
      for (const part of clausesOf(text)) {
        if (CLAUSE_END.test(part)) parts.push(part);
        else
          parts.push(
            `${parts.length === 0 ? '' : ' '}${(await ask(program, ['-q', '--ipa', '-v', voice, '--stdin'], part, signal)).replaceAll(/\s+/g, ' ').trim()}`,
          );
      }
      return parts.join('');
    },
  };
}

/** Shape: "No, wait." → "No" "," "wait" "." */
function clausesOf(text: string): readonly string[] {
  return text
    .split(/([,.?!;:])/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** With nothing of our environment, in the root folder, killed at the end of its time. */
function ask(program: string, args: readonly string[], input: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: '/',
      env: { LC_ALL: 'C.UTF-8' },
      timeout: ESPEAK_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: ESPEAK_OUTPUT_BYTES_MAX,
    } as const;
    const child = execFile(program, [...args], { ...options, ...(signal ? { signal } : {}) }, (error, stdout) => {
      if (signal?.aborted) reject(signal.reason);
      else if (error !== null) reject(failed(error));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function failed(error: Error & { readonly killed?: boolean }): Failure {
  if (isFailure(error)) return error;
  const problem = error.killed === true ? `no answer within ${ESPEAK_TIMEOUT_MS} ms` : error.message.split('\n', 1).join('').slice(0, 300);
  return scoringFailure('scoring.phonemiser_failed', { problem }, error);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
