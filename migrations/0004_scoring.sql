CREATE TABLE voxd.models (
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  registered_at voxd.block_number NOT NULL,
  commitment_block voxd.block_number NOT NULL,
  state text NOT NULL
    CHECK (state IN ('announced', 'verified', 'prechecked', 'queued', 'running', 'scored', 'rejected', 'retry', 'superseded', 'expired')),
  reason_code text,
  reason_facts jsonb,
  attempts integer NOT NULL CHECK (attempts >= 0),
  -- json, not jsonb: the text is kept as it was hashed.
  manifest json,
  tensor_digests text[] NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (hotkey, model),
  CHECK ((reason_code IS NULL) = (reason_facts IS NULL))
);
CREATE INDEX models_of_digest ON voxd.models (model);

CREATE TABLE voxd.rounds (
  round bigint PRIMARY KEY CHECK (round >= 0),
  opened_number voxd.block_number NOT NULL,
  opened_hash voxd.hash32 NOT NULL,
  seed text NOT NULL CHECK (seed ~ '^(0x)?[0-9a-f]{1,128}$'),
  entries jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'revealed', 'weighed', 'skipped')),
  note_code text,
  note_facts jsonb,
  -- What the weights were made from besides rows of other tables; json, so that a replay reads the very text.
  weighing json,
  opened_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((note_code IS NULL) = (note_facts IS NULL))
);

-- One record per validator, model and round: the first stands.
CREATE TABLE voxd.score_records (
  round bigint NOT NULL CHECK (round >= 0),
  validator voxd.hotkey NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  scorer voxd.hash32 NOT NULL,
  score_ppm voxd.ppm NOT NULL,
  -- Canonical bytes, the ones that are hashed and signed.
  record bytea NOT NULL,
  envelope bytea NOT NULL,
  received_at_ms voxd.time_ms NOT NULL,
  PRIMARY KEY (round, validator, hotkey, model)
);
CREATE INDEX score_records_of_hotkey ON voxd.score_records (hotkey, round DESC);
CREATE TRIGGER score_records_append_only BEFORE DELETE ON voxd.score_records
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();
-- The envelope of our own record arrives when it is published; nothing else changes.
CREATE TRIGGER score_records_written_once BEFORE UPDATE ON voxd.score_records
  FOR EACH ROW WHEN (
    (OLD.round, OLD.validator, OLD.hotkey, OLD.model, OLD.scorer, OLD.score_ppm, OLD.record, OLD.received_at_ms)
      IS DISTINCT FROM (NEW.round, NEW.validator, NEW.hotkey, NEW.model, NEW.scorer, NEW.score_ppm, NEW.record, NEW.received_at_ms)
    OR octet_length(OLD.envelope) > 0
  ) EXECUTE FUNCTION voxd.refuse_rewrite();

CREATE TABLE voxd.score_commits (
  round bigint NOT NULL CHECK (round >= 0),
  validator voxd.hotkey NOT NULL,
  commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$'),
  block_number voxd.block_number NOT NULL,
  record_digests text[] NOT NULL,
  PRIMARY KEY (round, validator)
);
CREATE TRIGGER score_commits_append_only BEFORE DELETE ON voxd.score_commits
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();
-- What another validator committed to is known when it reveals; nothing else changes.
CREATE TRIGGER score_commits_written_once BEFORE UPDATE ON voxd.score_commits
  FOR EACH ROW WHEN (
    (OLD.round, OLD.validator, OLD.commitment, OLD.block_number)
      IS DISTINCT FROM (NEW.round, NEW.validator, NEW.commitment, NEW.block_number)
    OR cardinality(OLD.record_digests) > 0
  ) EXECUTE FUNCTION voxd.refuse_rewrite();

CREATE TABLE voxd.score_nonces (
  round bigint PRIMARY KEY CHECK (round >= 0),
  nonce voxd.hash32 NOT NULL
);

CREATE TABLE voxd.standings (
  round bigint NOT NULL CHECK (round >= 0),
  hotkey voxd.hotkey NOT NULL,
  registered_at voxd.block_number NOT NULL,
  model voxd.hash32 NOT NULL,
  score_ppm voxd.ppm,
  standing_ppm voxd.ppm NOT NULL,
  copy_of voxd.hotkey,
  copy_evidence text,
  share_ppm voxd.ppm NOT NULL,
  PRIMARY KEY (round, hotkey, registered_at, model)
);
CREATE INDEX standings_of_hotkey ON voxd.standings (hotkey, round DESC);
