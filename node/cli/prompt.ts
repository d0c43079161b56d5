/** Asks a person for a secret on the terminal, without showing it. */
import { Secret } from '../../protocol/secret.js';

export const SECRET_LENGTH_MAX = 1_024;

/** Both ends of a conversation are a terminal; the question goes to standard error, so that results stay clean. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** null: the person gave up (Ctrl-C, Ctrl-D, nothing). */
export function askSecret(question: string): Promise<Secret | null> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    const typed: string[] = [];
    const finish = (value: Secret | null) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(value);
    };
    const onData = (bytes: Buffer) => {
      for (const character of bytes.toString('utf8')) {
        if (character === '\r' || character === '\n') {
          const text = typed.join('').trim();
          return finish(text === '' ? null : new Secret(text));
        }
        if (character === '\u0003' || character === '\u0004') return finish(null);
        if (character === '\u007f' || character === '\b') typed.pop();
        else if (character >= ' ' && typed.length < SECRET_LENGTH_MAX) typed.push(character);
      }
    };
    stdin.on('data', onData);
  });
}
