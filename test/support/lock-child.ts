/** Takes one lock without a rest, lets go of it or leaves it as one who died would, and says when another process was inside with it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAlive } from '../../node/postgres/postmaster.js';
import { takeProcessLock } from '../../node/process-lock.js';

const [path = ''] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

function turn(turns: number): void {
  const lock = takeProcessLock(path);
  if (lock.taken) {
    try {
      const other = Number(readFileSync(`${path}-inside`, 'utf8'));
      if (other > 0 && isAlive(other)) say({ overlap: [process.pid, other] });
    } catch {
      // Nobody was inside.
    }
    writeFileSync(`${path}-inside`, String(process.pid));
    // Long enough for a thief to be met.
    for (const since = performance.now(); performance.now() - since < 0.5; );
    rmSync(`${path}-inside`, { force: true });
    if (turns % 8 === 0) lock.release();
    else {
      writeFileSync(`${path}-dead-${process.pid}`, `999999999 ${process.pid} ${turns.toString(16).padStart(16, '0')}\n`);
      renameSync(`${path}-dead-${process.pid}`, path);
    }
    if (turns === 50) say({ busy: true });
  }
  setImmediate(turn, lock.taken ? turns + 1 : turns);
}
turn(0);
