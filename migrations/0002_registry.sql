CREATE TABLE voxd.registry_snapshots (
  genesis voxd.hash32 NOT NULL,
  netuid voxd.u16 NOT NULL,
  block_number voxd.block_number NOT NULL,
  block_hash voxd.hash32 NOT NULL,
  spec_version bigint NOT NULL CHECK (spec_version >= 0),
  weights_version_key voxd.u64 NOT NULL,
  burn_rao voxd.u64 NOT NULL,
  -- The hyperparameters that fit a JSON number.
  hyperparameters jsonb NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (genesis, netuid)
);

CREATE TABLE voxd.registry_neurons (
  genesis voxd.hash32 NOT NULL,
  netuid voxd.u16 NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  registered_at voxd.block_number NOT NULL,
  uid voxd.u16 NOT NULL,
  coldkey voxd.hotkey NOT NULL,
  stake_rao voxd.u64 NOT NULL,
  validator_permit boolean NOT NULL,
  active boolean NOT NULL,
  last_update voxd.block_number NOT NULL,
  axon jsonb,
  commitment_block voxd.block_number,
  commitment_data text CHECK (commitment_data ~ '^(0x)?[0-9a-fA-F]*$' AND length(commitment_data) <= 1026),
  incentive voxd.u16 NOT NULL,
  dividends voxd.u16 NOT NULL,
  emission_rao voxd.u64 NOT NULL,
  PRIMARY KEY (genesis, netuid, hotkey, registered_at),
  -- Checked at commit: two neurons may change seats in one snapshot.
  CONSTRAINT registry_neurons_one_per_seat UNIQUE (genesis, netuid, uid) DEFERRABLE INITIALLY DEFERRED,
  CHECK ((commitment_block IS NULL) = (commitment_data IS NULL)),
  FOREIGN KEY (genesis, netuid) REFERENCES voxd.registry_snapshots ON DELETE CASCADE
) WITH (fillfactor = 70);

CREATE TABLE voxd.registry_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  genesis voxd.hash32 NOT NULL,
  netuid voxd.u16 NOT NULL,
  block_number voxd.block_number NOT NULL,
  kind text NOT NULL
    CHECK (kind IN ('registered', 'deregistered', 'renumbered', 'axon', 'permit', 'stake', 'commitment', 'coldkey')),
  hotkey voxd.hotkey NOT NULL,
  change jsonb NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX registry_changes_newest ON voxd.registry_changes (genesis, netuid, id DESC);
CREATE INDEX registry_changes_of_hotkey ON voxd.registry_changes (hotkey, id DESC);
CREATE TRIGGER registry_changes_append_only BEFORE UPDATE OR DELETE ON voxd.registry_changes
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();
