/** Numbers as people say them. */

/** 1 block, 2 blocks. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** 45 s, 12 min, 3 h 20 min: as exact as a guess about future blocks may be. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 631 B, 36.9 KiB, 281.0 MiB. */
export function size(bytes: number): string {
  let [of, unit] = [bytes, 0];
  // 1023.95 and more would be shown as 1024.0.
  while (of >= 1023.95 && unit < SIZES.length - 1) [of, unit] = [of / 1024, unit + 1];
  return `${unit === 0 ? of : of.toFixed(1)} ${SIZES[unit]!}`;
}
