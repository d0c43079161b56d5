/** What has come of a package: the manifest that decides, the plan of its chunks, and what the sink has taken of them. */
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import { type ChunkPlace, chunksOf } from '../holdings.js';
import type { FetchModel, PackageLayout, TransferProgress } from '../ports.js';
import { createTransferPlan, type TransferPlan } from '../transfer-plan.js';
import { checkLayout } from './artifact-manifest.js';

/** What all providers of one transfer work on. */
export interface Download<L extends PackageLayout = PackageLayout> {
  readonly manifest: Uint8Array;
  readonly layout: L;
  readonly chunks: readonly ChunkPlace[];
  readonly plan: TransferPlan;
}

export interface Arrival<L extends PackageLayout> {
  /**
   * The first verified manifest decides; whoever sends another one afterwards has been dropped for it. `read`: asks for it, where none is there yet.
   * Errors: p2p.bad_manifest, p2p.model_too_large, those of `read` and of the sink.
   */
  open(read: () => Promise<Uint8Array>): Promise<Download<L>>;
  /** A verified chunk, the first copy of it. Errors: p2p.sink_failed, the sink's own. */
  keep(place: ChunkPlace, bytes: Uint8Array): Promise<void>;
  /** Null: no manifest has been taken. */
  readonly download: Download<L> | null;
  /** Bytes that came in this transfer. */
  readonly receivedBytes: number;
}

export function createArrival<L extends PackageLayout>(
  deps: {
    /** [0, 1). */
    readonly random: () => number;
    readonly onProgress: (progress: Omit<TransferProgress, 'providers'>) => void;
    /** Everything is here and stored; may be called again. */
    readonly onWhole: () => void;
  },
  request: FetchModel<L>,
): Arrival<L> {
  const { model, sink } = request;
  let opening: Promise<Download<L>> | null = null;
  let download: Download<L> | null = null;
  let totalBytes = 0;
  let hereBytes = 0;
  let receivedBytes = 0;
  let beingStored = 0;

  async function adopt(manifest: Uint8Array): Promise<Download<L>> {
    const parsed = request.parseManifest(manifest);
    if (!parsed.ok) throw protocolFailures('p2p.bad_manifest', { model, problem: parsed.error });
    const layout = parsed.value;
    checkLayout(request, layout);
    const has = await store(() => sink.begin(manifest, layout));
    const chunks = chunksOf(layout);
    const isHere = (at: number) => has(chunks[at]?.file ?? 0, chunks[at]?.chunk ?? 0);
    const plan = createTransferPlan(chunks.length, isHere, deps.random);
    totalBytes = layout.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    hereBytes = chunks.reduce((sum, { sizeBytes }, at) => (plan.isMissing(at) ? sum : sum + sizeBytes), 0);
    download = { manifest, layout, chunks, plan };
    if (plan.missing === 0) tell();
    return download;
  }

  function tell(): void {
    deps.onProgress({ receivedBytes, hereBytes, totalBytes });
    if (download?.plan.missing === 0 && beingStored === 0) deps.onWhole();
  }

  return {
    get download() {
      return download;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    async open(read) {
      if (opening !== null) return opening;
      const manifest = await read();
      // Another provider may have been quicker meanwhile; the manifests are the same, by their digest.
      opening ??= adopt(manifest);
      return opening;
    },
    async keep({ file, offset }, bytes) {
      receivedBytes += bytes.length;
      hereBytes += bytes.length;
      beingStored += 1;
      await store(() => sink.write(file, offset, bytes));
      beingStored -= 1;
      tell();
    },
  };
}

async function store<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw isFailure(cause) ? cause : protocolFailures('p2p.sink_failed', {}, cause);
  }
}
