import type { Command } from 'commander';
import { parseCommitment } from '../../chain/commitment.js';
import type { Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import { addChainOptions, addConfigOptions, loadSettings, withChain } from './context.js';
import type { Environment } from './environment.js';
import { counted, createOutput, short, table, tao } from './output.js';

export function addRegistryCommand(program: Command, env: Environment): void {
  const command = program
    .command('registry')
    .description('The subnet as a finalized block has it: who sits where, with what stake, axon and commitment');
  addChainOptions(addConfigOptions(command)).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    await withChain(config, async ({ chain }) => {
      const snapshot = await chain.snapshot(config.chain.netuid);
      out.result({ ok: true, ...registryJson(snapshot) }, () => registryText(snapshot));
    });
  });
}

export function registryJson(snapshot: SubnetSnapshot): object {
  return {
    block: snapshot.block.number,
    hash: snapshot.block.hash,
    spec_version: snapshot.specVersion,
    netuid: snapshot.netuid,
    neurons: snapshot.neurons.map((neuron) => ({
      uid: neuron.uid,
      hotkey: neuron.hotkey,
      coldkey: neuron.coldkey,
      stake_rao: neuron.stakeRao,
      validator_permit: neuron.validatorPermit,
      active: neuron.active,
      last_update: neuron.lastUpdate,
      registered_at: neuron.registeredAt,
      axon: neuron.axon && {
        ip: neuron.axon.ip,
        port: neuron.axon.port,
        protocol: neuron.axon.protocol,
        version: neuron.axon.version,
        block: neuron.axon.block,
        peer_key: neuron.axon.peerKey,
      },
      commitment: neuron.commitment && { block: neuron.commitment.block, data: neuron.commitment.data, voxd: voxdCommitment(neuron) },
      incentive: neuron.incentive,
      dividends: neuron.dividends,
      emission_rao: neuron.emissionRao,
    })),
  };
}

function voxdCommitment(neuron: Neuron): string | null {
  const parsed = neuron.commitment ? parseCommitment(neuron.commitment) : null;
  return parsed?.ok ? parsed.value : null;
}

function registryText(snapshot: SubnetSnapshot): string {
  const rows = snapshot.neurons.map((neuron) => [
    neuron.uid,
    short(neuron.hotkey),
    tao(neuron.stakeRao),
    neuron.validatorPermit ? 'yes' : '',
    neuron.lastUpdate,
    neuron.axon ? `${neuron.axon.ip}:${neuron.axon.port}` : '–',
    neuron.commitment ? `${short(voxdCommitment(neuron) ?? 'other')} @ ${neuron.commitment.block}` : '–',
    `${((neuron.incentive * 100) / 65_535).toFixed(1)} %`,
    tao(neuron.emissionRao),
  ]);
  return [
    `netuid ${snapshot.netuid} at block ${snapshot.block.number} (spec ${snapshot.specVersion}): ${counted(snapshot.neurons.length, 'neuron')}`,
    table(['uid', 'hotkey', 'stake α', 'permit', 'updated', 'axon', 'commitment', 'incentive', 'emission α'], rows),
  ].join('\n');
}
