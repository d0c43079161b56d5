import { setTimeout as delay } from 'node:timers/promises';

/** Waits for something that no event tells; the message says for what. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(20);
  }
}
