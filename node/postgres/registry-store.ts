import type { RegistryChange } from '../../chain/registry.js';
import type { Axon, Hyperparameters, Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';
import { nodeFailure } from '../failures.js';
import type { RegistryStore } from '../ports.js';
import { bytesOfHash, hashOf, jsonText, type TransactionalSql } from './sql.js';

interface SnapshotRow {
  block_number: string;
  block_hash: Buffer;
  spec_version: string;
  weights_version_key: string;
  burn_rao: string;
  hyperparameters: Omit<Hyperparameters, 'weightsVersionKey' | 'burnRao'>;
}

interface NeuronRow {
  uid: number;
  hotkey: Hotkey;
  coldkey: Hotkey;
  stake_rao: string;
  validator_permit: boolean;
  active: boolean;
  last_update: string;
  registered_at: string;
  axon: Axon | null;
  commitment_block: string | null;
  commitment_data: string | null;
  incentive: number;
  dividends: number;
  emission_rao: string;
}

const COLUMNS = `hotkey, registered_at, uid, coldkey, stake_rao, validator_permit, active, last_update, axon, commitment_block,
  commitment_data, incentive, dividends, emission_rao`;
const MUTABLE = COLUMNS.split(',')
  .map((name) => name.trim())
  .filter((name) => name !== 'hotkey' && name !== 'registered_at');

export function createRegistryStore(sql: TransactionalSql): RegistryStore {
  return {
    save: (snapshot, changes) =>
      sql.withTransaction(async (tx) => {
        const key = [bytesOfHash(snapshot.genesis), snapshot.netuid];
        const { weightsVersionKey, burnRao, ...hyperparameters } = snapshot.hyperparameters;
        const saved = await tx.query(
          `INSERT INTO voxd.registry_snapshots AS s
             (genesis, netuid, block_number, block_hash, spec_version, weights_version_key, burn_rao, hyperparameters)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (genesis, netuid) DO UPDATE SET
             block_number = excluded.block_number, block_hash = excluded.block_hash, spec_version = excluded.spec_version,
             weights_version_key = excluded.weights_version_key, burn_rao = excluded.burn_rao,
             hyperparameters = excluded.hyperparameters, saved_at = now()
           WHERE s.block_number <= excluded.block_number
           RETURNING 1`,
          [
            ...key,
            snapshot.block.number,
            bytesOfHash(snapshot.block.hash),
            snapshot.specVersion,
            weightsVersionKey.toString(),
            burnRao.toString(),
            jsonText(hyperparameters),
          ],
        );
        if (saved.length === 0) {
          const [stored] = await tx.query<{ block_number: string }>(
            'SELECT block_number FROM voxd.registry_snapshots WHERE genesis = $1 AND netuid = $2',
            key,
          );
          throw nodeFailure('store.block_older', { given: snapshot.block.number, stored: Number(stored?.block_number ?? 0) });
        }
        const rows = jsonText(snapshot.neurons.map(rowOfNeuron));
        await tx.query(
          `DELETE FROM voxd.registry_neurons AS n WHERE genesis = $1 AND netuid = $2 AND NOT EXISTS (
             SELECT 1 FROM jsonb_to_recordset($3::jsonb) AS r (hotkey text, registered_at bigint)
             WHERE r.hotkey = n.hotkey AND r.registered_at = n.registered_at)`,
          [...key, rows],
        );
        await tx.query(
          `INSERT INTO voxd.registry_neurons AS n (genesis, netuid, ${COLUMNS})
           SELECT $1, $2, ${COLUMNS} FROM jsonb_to_recordset($3::jsonb) AS r (
             hotkey text, registered_at bigint, uid int, coldkey text, stake_rao numeric, validator_permit boolean, active boolean,
             last_update bigint, axon jsonb, commitment_block bigint, commitment_data text, incentive int, dividends int,
             emission_rao numeric)
           ON CONFLICT (genesis, netuid, hotkey, registered_at) DO UPDATE
           SET ${MUTABLE.map((name) => `${name} = excluded.${name}`).join(', ')}
           WHERE (${MUTABLE.map((name) => `n.${name}`).join(', ')}) IS DISTINCT FROM (${MUTABLE.map((name) => `excluded.${name}`).join(', ')})`,
          [...key, rows],
        );
        if (changes.length > 0) {
          await tx.query(
            `INSERT INTO voxd.registry_changes (genesis, netuid, block_number, kind, hotkey, change)
             SELECT $1, $2, (value->>'block')::bigint, value->>'kind', value->>'hotkey', value
             FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY ORDER BY ordinality`,
            [...key, jsonText(changes)],
          );
        }
      }),

    async latest(genesis, netuid) {
      // One transaction, so that a save between the two reads cannot mix two blocks.
      return sql.withTransaction(async (tx): Promise<SubnetSnapshot | null> => {
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const key = [bytesOfHash(genesis), netuid];
        const [head] = await tx.query<SnapshotRow>('SELECT * FROM voxd.registry_snapshots WHERE genesis = $1 AND netuid = $2', key);
        if (head === undefined) return null;
        const neurons = await tx.query<NeuronRow>(
          `SELECT ${COLUMNS} FROM voxd.registry_neurons WHERE genesis = $1 AND netuid = $2 ORDER BY uid`,
          key,
        );
        return {
          genesis,
          netuid,
          block: { number: Number(head.block_number), hash: hashOf(head.block_hash) },
          specVersion: Number(head.spec_version),
          hyperparameters: {
            ...head.hyperparameters,
            weightsVersionKey: BigInt(head.weights_version_key),
            burnRao: BigInt(head.burn_rao),
          },
          neurons: neurons.map(neuronOfRow),
        };
      });
    },

    async changes(genesis, netuid, limit) {
      const rows = await sql.query<{ change: RegistryChange }>(
        'SELECT change FROM voxd.registry_changes WHERE genesis = $1 AND netuid = $2 ORDER BY id DESC LIMIT $3',
        [bytesOfHash(genesis), netuid, limit],
      );
      return rows.map((row) => row.change);
    },
  };
}

function rowOfNeuron(neuron: Neuron): object {
  return {
    hotkey: neuron.hotkey,
    registered_at: neuron.registeredAt,
    uid: neuron.uid,
    coldkey: neuron.coldkey,
    stake_rao: neuron.stakeRao.toString(),
    validator_permit: neuron.validatorPermit,
    active: neuron.active,
    last_update: neuron.lastUpdate,
    axon: neuron.axon,
    commitment_block: neuron.commitment?.block ?? null,
    commitment_data: neuron.commitment?.data ?? null,
    incentive: neuron.incentive,
    dividends: neuron.dividends,
    emission_rao: neuron.emissionRao.toString(),
  };
}

function neuronOfRow(row: NeuronRow): Neuron {
  return {
    uid: row.uid,
    hotkey: row.hotkey,
    coldkey: row.coldkey,
    stakeRao: BigInt(row.stake_rao),
    validatorPermit: row.validator_permit,
    active: row.active,
    lastUpdate: Number(row.last_update),
    registeredAt: Number(row.registered_at),
    axon: row.axon,
    commitment:
      row.commitment_block === null || row.commitment_data === null
        ? null
        : { block: Number(row.commitment_block), data: row.commitment_data },
    incentive: row.incentive,
    dividends: row.dividends,
    emissionRao: BigInt(row.emission_rao),
  };
}
