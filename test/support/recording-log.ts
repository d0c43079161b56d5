import { createLogger, type Logger } from '../../node/logger.js';

/** A silent log that remembers the warnings: the message, and the code where there is one; and every line from info on as JSON. */
export function createRecordingLog(): { readonly log: Logger; readonly warnings: string[]; readonly lines: string[] } {
  const warnings: string[] = [];
  const lines: string[] = [];
  const write = (...said: unknown[]) =>
    void lines.push(JSON.stringify(said, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));
  const silent = createLogger({ level: 'silent' });
  const log: Logger = {
    trace: silent.trace,
    debug: silent.debug,
    info: write,
    error: write,
    fatal: silent.fatal,
    child: silent.child,
    warn: (facts: object | string, message?: string) => {
      write(facts, message);
      const code = typeof facts === 'object' && 'code' in facts ? ` (${String(facts.code)})` : '';
      warnings.push(`${message ?? String(facts)}${code}`);
    },
  };
  return { log, warnings, lines };
}
