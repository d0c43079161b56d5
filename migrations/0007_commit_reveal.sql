-- Weights that are committed first and revealed later: what a submission keeps between the two, which state may follow which, and every step it took.
ALTER TABLE voxd.submissions
  ADD COLUMN way text NOT NULL DEFAULT 'open' CHECK (way IN ('open', 'hash', 'timelocked')),
  -- Of the commit: its hash, or blake2-256 of the ciphertext.
  ADD COLUMN digest voxd.hash32,
  -- What the hash is salted with: a secret until the reveal is final.
  ADD COLUMN salt integer[] CHECK (0 <= ALL (salt) AND 65535 >= ALL (salt)),
  -- Round of the beacon that opens a timelocked commit.
  ADD COLUMN reveal_round bigint CHECK (reveal_round > 0),
  ADD COLUMN burn_percent integer CHECK (burn_percent BETWEEN 1 AND 100),
  ADD COLUMN burn_hotkey voxd.hotkey,
  ADD COLUMN committed_number voxd.block_number,
  ADD COLUMN committed_hash voxd.hash32,
  ADD COLUMN commit_extrinsic_hash voxd.hash32,
  ADD COLUMN commit_epoch bigint CHECK (commit_epoch >= 0),
  ADD COLUMN reveal_from voxd.block_number,
  ADD COLUMN reveal_until voxd.block_number,
  DROP CONSTRAINT submissions_state_check,
  ADD CONSTRAINT submissions_state_check
    CHECK (state IN ('planned', 'sent', 'committed', 'revealing', 'finalized', 'refused', 'abandoned', 'lost')),
  ADD CONSTRAINT submissions_fit_their_way CHECK (
    (digest IS NOT NULL) = (way <> 'open') AND (salt IS NOT NULL) = (way = 'hash') AND (reveal_round IS NOT NULL) = (way = 'timelocked')
    AND (way <> 'open' OR state NOT IN ('committed', 'revealing')) AND (way = 'hash' OR state <> 'revealing')),
  ADD CONSTRAINT submissions_burn_has_a_key CHECK ((burn_percent IS NULL) = (burn_hotkey IS NULL)),
  ADD CONSTRAINT submissions_commit_has_a_block CHECK (
    (committed_number IS NULL) = (committed_hash IS NULL) AND (committed_number IS NULL) = (commit_epoch IS NULL)
    AND (committed_number IS NOT NULL OR state NOT IN ('committed', 'revealing')));

DROP INDEX voxd.submissions_unsettled;
CREATE INDEX submissions_unsettled ON voxd.submissions (id) WHERE state IN ('planned', 'sent', 'committed', 'revealing');

-- One row per state a submission has been in, written by the database itself.
CREATE TABLE voxd.submission_steps (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  submission bigint NOT NULL REFERENCES voxd.submissions ON DELETE CASCADE,
  state text NOT NULL,
  -- Block of the plan, of the commit or of the final weights; null where the state has none.
  block voxd.block_number,
  failure_code text,
  failure_facts jsonb,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX submission_steps_of ON voxd.submission_steps (submission, id);

CREATE OR REPLACE FUNCTION voxd.guard_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.genesis, OLD.netuid, OLD.mechanism, OLD.hotkey, OLD.epoch_start, OLD.round, OLD.way, OLD.method, OLD.uids, OLD.hotkeys, OLD.weights,
      OLD.version_key, OLD.planned_number, OLD.planned_hash, OLD.digest, OLD.salt, OLD.reveal_round, OLD.burn_percent, OLD.burn_hotkey)
     IS DISTINCT FROM
     (NEW.genesis, NEW.netuid, NEW.mechanism, NEW.hotkey, NEW.epoch_start, NEW.round, NEW.way, NEW.method, NEW.uids, NEW.hotkeys, NEW.weights,
      NEW.version_key, NEW.planned_number, NEW.planned_hash, NEW.digest, NEW.salt, NEW.reveal_round, NEW.burn_percent, NEW.burn_hotkey)
     OR (OLD.committed_number IS NOT NULL
         AND (OLD.committed_number, OLD.committed_hash, OLD.commit_epoch, OLD.commit_extrinsic_hash)
         IS DISTINCT FROM (NEW.committed_number, NEW.committed_hash, NEW.commit_epoch, NEW.commit_extrinsic_hash)) THEN
    RAISE EXCEPTION 'submission % is written already', OLD.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'submissions_written_once';
  END IF;
  -- In the same state only the expected window of the reveal may move, as the chain moves its epochs.
  IF NOT (CASE OLD.state
    WHEN 'planned' THEN NEW.state IN ('sent', 'abandoned')
    WHEN 'sent' THEN NEW.state IN ('committed', 'finalized', 'refused', 'abandoned', 'lost')
    WHEN 'committed' THEN NEW.state IN ('committed', 'revealing', 'finalized', 'lost')
    WHEN 'revealing' THEN NEW.state IN ('revealing', 'committed', 'finalized', 'lost')
    ELSE false
  END) OR (OLD.state = NEW.state
          AND (OLD.included_number, OLD.included_hash, OLD.extrinsic_hash, OLD.failure_code, OLD.failure_facts)
          IS DISTINCT FROM (NEW.included_number, NEW.included_hash, NEW.extrinsic_hash, NEW.failure_code, NEW.failure_facts)) THEN
    RAISE EXCEPTION 'submission % cannot go from % to %', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'submissions_transition';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION voxd.record_submission_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR OLD.state <> NEW.state THEN
    INSERT INTO voxd.submission_steps (submission, state, block, failure_code, failure_facts) VALUES (
      NEW.id, NEW.state,
      CASE NEW.state WHEN 'planned' THEN NEW.planned_number WHEN 'committed' THEN NEW.committed_number WHEN 'finalized' THEN NEW.included_number END,
      NEW.failure_code, NEW.failure_facts);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER submissions_record_step AFTER INSERT OR UPDATE ON voxd.submissions FOR EACH ROW EXECUTE FUNCTION voxd.record_submission_step();
CREATE TRIGGER submission_steps_append_only BEFORE UPDATE OR DELETE ON voxd.submission_steps FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();
