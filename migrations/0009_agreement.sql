-- What a round takes from the block that opened it: endpoints forget old states.
ALTER TABLE voxd.rounds ADD COLUMN opening json;

-- The secret of a validator: committed to in the round before, revealed with the records.
ALTER TABLE voxd.score_commits
  ADD COLUMN next_nonce_digest text CHECK (next_nonce_digest ~ '^[0-9a-f]{64}$'),
  ADD COLUMN nonce voxd.hash32;
DROP TRIGGER score_commits_written_once ON voxd.score_commits;
-- What another validator committed to is known when it reveals; nothing else changes.
CREATE TRIGGER score_commits_written_once BEFORE UPDATE ON voxd.score_commits
  FOR EACH ROW WHEN (
    (OLD.round, OLD.validator, OLD.commitment, OLD.block_number, OLD.next_nonce_digest)
      IS DISTINCT FROM (NEW.round, NEW.validator, NEW.commitment, NEW.block_number, NEW.next_nonce_digest)
    OR cardinality(OLD.record_digests) > 0
  ) EXECUTE FUNCTION voxd.refuse_rewrite();

-- Records of others that were heard again, with what was heard: evidence.
CREATE TABLE voxd.audits (
  round bigint NOT NULL CHECK (round >= 0),
  validator voxd.hotkey NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  record_digest voxd.hash32 NOT NULL,
  cause text NOT NULL CHECK (cause IN ('lot', 'dispute', 'doubt')),
  verdict text NOT NULL CHECK (verdict IN ('reproduced', 'not_reproduced', 'ours_wrong', 'unheard')),
  reason text NOT NULL,
  ours_wrong boolean NOT NULL,
  prompts jsonb NOT NULL,
  audited_at_ms voxd.time_ms NOT NULL,
  PRIMARY KEY (round, validator, hotkey, model)
);
CREATE INDEX audits_of_validator ON voxd.audits (validator, round DESC);
CREATE TRIGGER audits_append_only BEFORE UPDATE OR DELETE ON voxd.audits
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();

-- Faults in the exchange of scores, with the signed message where there is one.
CREATE TABLE voxd.exchange_flags (
  round bigint NOT NULL CHECK (round >= 0),
  validator voxd.hotkey NOT NULL,
  fault text NOT NULL CHECK (fault IN ('late', 'mismatch', 'uncommitted', 'unreadable', 'foreign', 'scorer', 'silent')),
  block_number voxd.block_number NOT NULL,
  reason text NOT NULL,
  envelope bytea NOT NULL,
  PRIMARY KEY (round, validator, fault)
);
CREATE TRIGGER exchange_flags_append_only BEFORE UPDATE OR DELETE ON voxd.exchange_flags
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();

-- The private slice is a stage of its own.
ALTER TABLE voxd.scoring_stages DROP CONSTRAINT scoring_stages_stage_check;
ALTER TABLE voxd.scoring_stages ADD CONSTRAINT scoring_stages_stage_check
  CHECK (stage IN ('precheck', 'first', 'private', 'contenders', 'full', 'audit'));
