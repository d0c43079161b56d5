/** The command line of a confined process: one small system program behind the other, each taking something away, the innermost becomes Node. */
import { entryPoint } from '../../protocol/entry.js';

/** Processes and threads, where they are counted per namespace. */
export const PROCESSES_MAX = 64;
/** The same where the system counts all processes of the user together. */
export const PROCESSES_OF_USER_MAX = 4096;
export const OPEN_FILES_MAX = 64;
export const FILE_SIZE_BYTES_MAX = 0;
/** JavaScript heap of the child; what the engine allocates is bounded by memoryBytes. */
export const HEAP_MEGABYTES_MAX = 512;
const NOBODY = '65534';

export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

export type Feature = 'parent' | 'network' | 'capabilities' | 'user';
export const FEATURES: readonly Feature[] = ['parent', 'network', 'capabilities', 'user'];

export interface Tools {
  readonly prlimit: string | null;
  readonly shell: string | null;
  readonly unshare: string | null;
  readonly setpriv: string | null;
}

export function commandLine(
  tools: Tools,
  limiter: string,
  features: readonly Feature[],
  engine: string,
  limits: SandboxLimits,
): readonly string[] {
  const parts: string[] = [];
  if (features.includes('user')) {
    parts.push(tools.setpriv ?? 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs', '--');
  }
  if (features.includes('network')) parts.push(tools.unshare ?? 'unshare', '--map-root-user', '--net', '--');
  const processes = features.includes('network') ? PROCESSES_MAX : PROCESSES_OF_USER_MAX;
  const { memoryBytes, cpuSeconds } = limits;
  if (limiter === tools.prlimit) {
    const cpu = `${cpuSeconds}:${cpuSeconds + 1}`;
    const sizes = [`--data=${memoryBytes}`, `--cpu=${cpu}`, `--nproc=${processes}`, `--nofile=${OPEN_FILES_MAX}`];
    parts.push(limiter, ...sizes, `--fsize=${FILE_SIZE_BYTES_MAX}`, '--core=0', '--');
  } else {
    const kilobytes = Math.floor(memoryBytes / 1024);
    // The soft limit first: a hard limit below it is refused.
    const cpu = `ulimit -S -t ${cpuSeconds} && ulimit -H -t ${cpuSeconds + 1}`;
    const sizes = `ulimit -c 0 && ulimit -f ${FILE_SIZE_BYTES_MAX} && ulimit -n ${OPEN_FILES_MAX} && ulimit -d ${kilobytes}`;
    // The number of processes is left out: shells do not agree on its letter.
    parts.push(limiter, '-c', `${cpu} && ${sizes} && exec "$@"`, 'sh');
  }
  // A new namespace makes its process almighty inside it: able to write to folders of its owner that are read-only.
  if (features.includes('capabilities')) parts.push(tools.setpriv ?? 'setpriv', '--bounding-set=-all', '--inh-caps=-all', '--');
  // Innermost, because changing the user or the namespace forgets it.
  if (features.includes('parent')) parts.push(tools.setpriv ?? 'setpriv', '--pdeathsig=KILL', '--no-new-privs', '--');
  const flags = [`--max-old-space-size=${HEAP_MEGABYTES_MAX}`, '--v8-pool-size=1', '--disable-proto=delete', '--no-warnings'];
  return [...parts, process.execPath, ...flags, entryPoint('scoring/onnx/child'), engine];
}
