import type { Command } from 'commander';
import { FROZEN_BLOCKS } from '../../protocol/equivocation.js';
import type { StoredEquivocation } from '../network/ports.js';
import { proofAsJson } from '../network/proof-json.js';
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
      out.result({ ok: true, equivocations: proofs.map(proofAsJson) }, () => asText(proofs));
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
