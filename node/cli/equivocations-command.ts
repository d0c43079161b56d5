import type { Command } from 'commander';
import { FROZEN_BLOCKS } from '../../protocol/equivocation.js';
import type { StoredEquivocation } from '../network/ports.js';
import { addConfigOptions, loadSettings, withStores } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, table } from './output.js';

const SHOWN_MAX = 100;

export function addEquivocationsCommand(program: Command, env: Environment): void {
  const command = program
    .command('equivocations')
    .description('Hotkeys that signed two messages with one sequence number, with the proof (the newest 100; --json has both envelopes)');
  addConfigOptions(command).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const proofs = await stores.equivocations.list(SHOWN_MAX);
      out.result({ ok: true, equivocations: proofs.map(asJson) }, () => asText(proofs));
    });
  });
}

function asText(proofs: readonly StoredEquivocation[]): string {
  if (proofs.length === 0) return 'nobody was caught saying two things under one number';
  return table(
    ['hotkey', 'kind', 'sequence', 'at block', 'not heard until', 'proof'],
    proofs.map((proof) => [
      proof.hotkey,
      proof.kind,
      String(proof.sequence),
      proof.block,
      proof.block + FROZEN_BLOCKS,
      proof.first === null ? 'second envelope only' : 'both envelopes',
    ]),
  );
}

function asJson(proof: StoredEquivocation): object {
  const base64 = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('base64'));
  return {
    hotkey: proof.hotkey,
    kind: proof.kind,
    sequence: String(proof.sequence),
    block: proof.block,
    frozen_until_block: proof.block + FROZEN_BLOCKS,
    noticed_at_ms: proof.noticedAtMs,
    first: { body_digest: proof.firstDigest, envelope: base64(proof.first) },
    second: { body_digest: proof.secondDigest, envelope: base64(proof.second) },
  };
}
