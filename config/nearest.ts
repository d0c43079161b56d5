/** The name that a mistyped one was probably meant to be. */

/** Shape: any text and the known names → the closest by edits, or null where none is near. */
export function nearestName(wrong: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(wrong.length / 2)) + 1;
  const given = wrong.toLowerCase();
  for (const name of names) {
    const edits = editDistance(given, name.toLowerCase(), fewest);
    if (edits < fewest) {
      best = name;
      fewest = edits;
    }
  }
  return best;
}

/** Longest text compared; longer ones count as far from everything. */
const COMPARED_MAX = 80;

function editDistance(a: string, b: string, enough: number): number {
  if (a.length > COMPARED_MAX || Math.abs(a.length - b.length) >= enough) return enough;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? enough;
}
