/** The port of the model cache: packages that are here whole, and those that arrive. */
import type { ModelDigest } from '../protocol/names.js';
import type { PackageLayout } from '../protocol/ports.js';

export interface ModelCache {
  /** The directory of a complete, verified package; null when it is not here. Marks it used. */
  find(model: ModelDigest): Promise<string | null>;
  /** As `find`, and the package stays until released. */
  lease(model: ModelDigest): Promise<ModelLease | null>;
  /**
   * Room for an arriving package: a private directory that `commit` verifies and renames, `discard` removes. What an arrival of the same model
   * left when it was suspended, or when its process died, is in it.
   */
  begin(model: ModelDigest, sizeBytes: number): Promise<PendingModel>;
  list(): Promise<readonly { readonly model: ModelDigest; readonly sizeBytes: number }[]>;
  /** What lies under this digest is not the package any more: it goes. Resolves also when there is nothing. */
  drop(model: ModelDigest): Promise<void>;
}

export interface PendingModel {
  readonly directory: string;
  /** Where it is written down which chunks are verified and safe; a directory without this file is not taken up again. */
  readonly journalPath: string;
  commit(): Promise<string>;
  discard(): Promise<void>;
  /** Leaves it to the next arrival of this model; whoever needs the room may take it. */
  suspend(): Promise<void>;
}

/** The files of a package that arrives, and which of its chunks are here. */
export interface PackagePart {
  readonly layout: PackageLayout;
  has(fileIndex: number, chunkIndex: number): boolean;
  /** A verified chunk. Errors: store.full, store.read_only. */
  write(fileIndex: number, offset: number, bytes: Uint8Array): Promise<void>;
  /** A chunk that is here; null: it is not. */
  read(fileIndex: number, chunkIndex: number): Promise<Uint8Array | null>;
  /** Everything written is recorded when this resolves; the files are closed. Idempotent. */
  close(): Promise<void>;
}

export interface ModelLease {
  readonly directory: string;
  /** Idempotent. */
  release(): void;
}
