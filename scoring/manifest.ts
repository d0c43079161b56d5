/** Replaced by the schema of the model package. */
export interface Manifest {
  readonly schema: 'voxd-voice/1';
}
