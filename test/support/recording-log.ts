import { createLogger, type Logger } from '../../node/logger.js';

/** A silent log that remembers the warnings: the message, and the code where there is one. */
export function createRecordingLog(): { readonly log: Logger; readonly warnings: string[] } {
  const warnings: string[] = [];
  const silent = createLogger({ level: 'silent' });
  const log: Logger = {
    trace: silent.trace,
    debug: silent.debug,
    info: silent.info,
    error: silent.error,
    fatal: silent.fatal,
    child: silent.child,
    warn: (facts: object | string, message?: string) => {
      const code = typeof facts === 'object' && 'code' in facts ? ` (${String(facts.code)})` : '';
      warnings.push(`${message ?? String(facts)}${code}`);
    },
  };
  return { log, warnings };
}
