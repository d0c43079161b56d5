/** How far something is, on one line of a terminal that is written over. In a pipe, and with --json, nothing. */
import type { TransferProgress } from '../../protocol/ports.js';

/** So often the line changes. */
const REDRAW_MS = 100;
const BAR_WIDTH = 24;
const MEGA = 1_000_000;

export interface ProgressLine {
  show(progress: TransferProgress): void;
  /** The line goes away. */
  end(): void;
}

export function createProgressLine(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
  of: { readonly quiet: boolean; readonly nowMs: () => number },
): ProgressLine {
  const silent = of.quiet || !stream.isTTY;
  const startedMs = of.nowMs();
  let shownMs = Number.NEGATIVE_INFINITY;
  let width = 0;
  return {
    show(progress) {
      const nowMs = of.nowMs();
      const isLast = progress.hereBytes === progress.totalBytes;
      if (silent || (nowMs - shownMs < REDRAW_MS && !isLast)) return;
      shownMs = nowMs;
      const line = progressText(progress, nowMs - startedMs);
      stream.write(`\r${line.padEnd(width)}`);
      width = line.length;
    },
    end() {
      if (!silent && width > 0) stream.write(`\r${' '.repeat(width)}\r`);
    },
  };
}

/** Shape: `[########----]  45 %  12.2 of 27.0 MB  5.1 MB/s  3 peers`. */
export function progressText({ hereBytes, receivedBytes, totalBytes, providers }: TransferProgress, elapsedMs: number): string {
  const share = totalBytes === 0 ? 1 : hereBytes / totalBytes;
  const full = Math.floor(share * BAR_WIDTH);
  const rate = receivedBytes / MEGA / Math.max(0.001, elapsedMs / 1000);
  return [
    `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`,
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${(hereBytes / MEGA).toFixed(1)} of ${(totalBytes / MEGA).toFixed(1)} MB`,
    `${rate.toFixed(1)} MB/s`,
    `${providers} peer${providers === 1 ? '' : 's'}`,
  ].join('  ');
}
