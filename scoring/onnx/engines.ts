/** The two engines and the options they always run with: what `engineId` says. */
import { canonicalJson } from '../../protocol/digest.js';
import type { EngineName } from '../ports.js';

/** Version of the nodes that replace random ones (scoring/graph/random.ts). */
const NOISE_VERSION = 'voxd-noise/1';

interface EngineSpec {
  readonly package: 'onnxruntime-node' | 'onnxruntime-web';
  /** The child refuses to run with another version: records of different versions are never compared. */
  readonly version: string;
  readonly session: {
    readonly executionProviders: readonly string[];
    readonly graphOptimizationLevel: 'basic';
    readonly executionMode: 'sequential';
    readonly intraOpNumThreads: 1;
    readonly interOpNumThreads: 1;
    readonly enableCpuMemArena: false;
    readonly enableMemPattern: false;
    readonly logSeverityLevel: 3;
    readonly extra?: Readonly<Record<string, unknown>>;
  };
}

// One level of optimisation for both: it changes the bits, and layout optimisations depend on the CPU.
const COMMON = {
  graphOptimizationLevel: 'basic',
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 3,
} as const;

export const ENGINES: Readonly<Record<EngineName, EngineSpec>> = {
  native: {
    package: 'onnxruntime-node',
    version: '1.30.0',
    session: {
      executionProviders: ['cpu'],
      ...COMMON,
      extra: { session: { use_deterministic_compute: '1', set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' } } },
    },
  },
  wasm: { package: 'onnxruntime-web', version: '1.30.0', session: { executionProviders: ['wasm'], ...COMMON } },
};

/** Shape: engine → "native onnxruntime-node@1.30.0 {…}": every option that can change a sample. */
export function engineIdOf(engine: EngineName): string {
  const { package: name, version, session } = ENGINES[engine];
  return `${engine} ${name}@${version} ${canonicalJson({ noise: NOISE_VERSION, session })}`;
}
