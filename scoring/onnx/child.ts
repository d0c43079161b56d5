/**
 * The sandboxed process: loads the graphs of one model, runs them, answers. It is started by scoring/onnx/graph-process.ts under limits, with no
 * environment, and knows nothing of the rest of the program. Argument: the engine's name, or `probe`.
 */
import { readFileSync } from 'node:fs';
import { getPriority, networkInterfaces } from 'node:os';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { createGraphWriter } from '../graph/writer.js';
import type { EngineName } from '../ports.js';
import { ENGINES } from './engines.js';
import {
  createFrameReader,
  encodeFrame,
  FrameError,
  type Reply,
  type Request,
  type RunRequest,
  splitPayload,
  TENSOR_TYPES,
} from './frames.js';

/** The largest request is the model; the parent bounds it, this only bounds a mistake. */
const REQUEST_BYTES_MAX = 1024 * 1024 * 1024;
const PROBLEM_CHARS_MAX = 500;
/** More than the probe is allowed to have. */
const PROBE_ALLOCATION_BYTES = 2 * 1024 * 1024 * 1024;

interface Runtime {
  readonly version: string;
  create(bytes: Uint8Array): Promise<InferenceSession>;
  tensor(type: (typeof TENSOR_TYPES)[number], bytes: Uint8Array, dims: readonly number[]): Tensor;
}

async function loadRuntime(engine: EngineName): Promise<Runtime> {
  const ort = engine === 'native' ? await import('onnxruntime-node') : await import('onnxruntime-web');
  if (engine === 'wasm') {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
  }
  const { session } = ENGINES[engine];
  const { executionProviders, ...options } = session;
  return {
    version: engine === 'native' ? (ort.env.versions.node ?? '') : (ort.env.versions.web ?? ''),
    create: (bytes) => ort.InferenceSession.create(bytes, { executionProviders: [...executionProviders], ...options }),
    tensor: (type, bytes, dims) => {
      const { buffer, byteOffset, length } = bytes;
      if (type === 'float32') return new ort.Tensor(type, new Float32Array(buffer, byteOffset, length / 4), dims);
      if (type === 'int64') return new ort.Tensor(type, new BigInt64Array(buffer, byteOffset, length / 8), dims);
      if (type === 'int32') return new ort.Tensor(type, new Int32Array(buffer, byteOffset, length / 4), dims);
      return new ort.Tensor(type, bytes, dims);
    },
  };
}

function warmUpGraph(): Uint8Array {
  const writer = createGraphWriter();
  writer.input('in', 'float32', [1]);
  writer.output(writer.node('Identity', ['in']), 'float32', [1]);
  return writer.bytes({ name: 'warm-up', opset: 15, irVersion: 8, producer: 'voxd', metadata: {} });
}

/** What this process can see of its own confinement, for the report. */
function confinementFacts(): {
  readonly interfaces: number;
  readonly noNewPrivileges: boolean;
  readonly capabilities: string;
  readonly niceness: number;
} {
  const status = readText('/proc/self/status');
  return {
    interfaces: Object.keys(networkInterfaces()).length,
    noNewPrivileges: /NoNewPrivs:\s*1/.test(status),
    capabilities: /CapEff:\s*([0-9a-f]+)/.exec(status)?.[1] ?? '',
    niceness: getPriority(),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function answer(header: Reply, payload: readonly Uint8Array[] = []): void {
  for (const part of encodeFrame(header, payload)) process.stdout.write(part);
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!ArrayBuffer.isView(data)) throw new TypeError('an output that is not a number');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function typeOf(tensor: Tensor): (typeof TENSOR_TYPES)[number] {
  const known = TENSOR_TYPES.find((type) => type === tensor.type);
  if (known === undefined) throw new TypeError(`an output of type ${tensor.type}`);
  return known;
}

function fault(error: unknown): void {
  const problem = error instanceof Error ? error.message : String(error);
  answer({ kind: 'fault', problem: problem.slice(0, PROBLEM_CHARS_MAX) });
}

type Kept = Map<string, Tensor>;

async function run(runtime: Runtime, session: InferenceSession, kept: Kept, wanted: RunRequest, payload: Uint8Array): Promise<void> {
  const { reuse, keep } = wanted.slots;
  const feeds: Record<string, Tensor> = {};
  for (const { header, bytes } of splitPayload(wanted.feeds, payload)) feeds[header.name] = runtime.tensor(header.type, bytes, header.dims);
  for (const [input, slot] of Object.entries(reuse)) {
    const tensor = kept.get(slot);
    if (tensor === undefined) throw new TypeError(`nothing is kept as ${slot}`);
    feeds[input] = tensor;
  }
  const fetches = [...new Set([...wanted.outputs, ...Object.keys(keep).filter((name) => feeds[name] === undefined)])];
  const startedMs = performance.now();
  const results = await session.run(feeds, fetches);
  for (const [name, slot] of Object.entries(keep)) {
    const tensor = feeds[name] ?? results[name];
    if (tensor !== undefined) kept.set(slot, tensor);
  }
  const elapsedMs = performance.now() - startedMs;
  const outputs = wanted.outputs.map((name) => {
    const tensor = results[name];
    if (tensor === undefined) throw new TypeError(`no output ${name}`);
    return { tensor, bytes: bytesOf(tensor), name };
  });
  const sizeBytes = outputs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (sizeBytes > wanted.outputBytesMax) return answer({ kind: 'too-long', sizeBytes });
  const tensors = outputs.map(({ tensor, bytes, name }) => ({
    name,
    type: typeOf(tensor),
    dims: [...tensor.dims],
    sizeBytes: bytes.length,
  }));
  answer(
    { kind: 'result', elapsedMs, tensors },
    outputs.map(({ bytes }) => bytes),
  );
}

async function serve(engine: EngineName): Promise<void> {
  // Stdout carries frames: nothing that a library prints may get into it.
  console.log = console.info = console.debug = () => {};
  const runtime = await loadRuntime(engine);
  const sessions: InferenceSession[] = [];
  const kept: Kept = new Map();
  const handle = async (header: unknown, payload: Uint8Array): Promise<void> => {
    // Safety: written by our own parent process.
    const wanted = header as Request;
    if (wanted.kind === 'load') {
      const startedMs = performance.now();
      sessions.push(await runtime.create(payload));
      return answer({ kind: 'loaded', elapsedMs: performance.now() - startedMs });
    }
    const session = sessions[wanted.graph];
    if (session === undefined) throw new TypeError('no such graph is loaded');
    await run(runtime, session, kept, wanted, payload);
  };
  const reader = createFrameReader(REQUEST_BYTES_MAX);
  // An engine that does not work at all is this machine's fault: found out here, before a model can be blamed for it.
  await (await runtime.create(warmUpGraph())).release();
  answer({ kind: 'ready', version: runtime.version });
  for await (const chunk of process.stdin) {
    // Safety: stdin has no encoding set, so chunks are buffers.
    for (const frame of reader.push(chunk as Buffer)) await handle(frame.header, frame.payload).catch(fault);
  }
}

/** Tries what the limits must prevent, and says what happened. */
function probe(): void {
  let allocated = true;
  try {
    new Uint8Array(PROBE_ALLOCATION_BYTES).fill(1);
  } catch {
    allocated = false;
  }
  process.stdout.write(JSON.stringify({ ...confinementFacts(), allocated }));
}

const mode = process.argv[2];
if (mode === 'native' || mode === 'wasm') await serve(mode);
else if (mode === 'probe') probe();
else throw new FrameError('usage: child native|wasm|probe');
// The parent closed the pipe: nothing is left to do, and native threads must not keep the process alive.
process.exit(0);
