/** Parts of a prompt's score, integer ppm. */
export interface PromptScore {
  /** Named parts of this profile, each 0..1_000_000. */
  readonly parts: Readonly<Record<string, number>>;
  readonly scorePpm: number;
  /** sha-256 of the quantised log-mel spectrum, 64 hex digits: what two validators compare. */
  readonly audioDigest: string;
  /** Compact log-mel picture for copy detection, hex; empty where the audio was invalid. */
  readonly fingerprint: string;
  /** Code of the fault that made it 0 (`scoring.*`), or null. */
  readonly fault: string | null;
}
