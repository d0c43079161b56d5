import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { NICER_BY, NICEST } from '../limits.js';

/**
 * Makes a process yield. It must have one thread still: those it starts later inherit this. False where the system does not allow it.
 * A new session is a scheduling group of its own on Linux with autogroups, in which niceness counts only among themselves; so the group is made nicer too.
 */
export function yieldProcess(pid: number): boolean {
  const niceness = Math.min(NICEST, getPriority() + NICER_BY);
  try {
    setPriority(pid, niceness);
  } catch {
    return false;
  }
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
  } catch {
    // No autogroups here, or asked too often: what is left is the niceness of the process.
  }
  return true;
}
