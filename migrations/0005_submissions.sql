-- A row before it is an extrinsic. What was planned never changes; only how it ended is filled in.
CREATE TABLE voxd.submissions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  genesis voxd.hash32 NOT NULL,
  netuid voxd.u16 NOT NULL,
  mechanism integer NOT NULL CHECK (mechanism BETWEEN 0 AND 255),
  hotkey voxd.hotkey NOT NULL,
  epoch_start voxd.block_number NOT NULL,
  round bigint,
  method text NOT NULL,
  uids integer[] NOT NULL,
  hotkeys text[] NOT NULL,
  weights integer[] NOT NULL,
  version_key voxd.u64 NOT NULL,
  planned_number voxd.block_number NOT NULL,
  planned_hash voxd.hash32 NOT NULL,
  state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'sent', 'finalized', 'refused', 'abandoned')),
  included_number voxd.block_number,
  included_hash voxd.hash32,
  extrinsic_hash voxd.hash32,
  failure_code text,
  failure_facts jsonb,
  planned_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (cardinality(uids) = cardinality(weights) AND cardinality(uids) = cardinality(hotkeys) AND cardinality(uids) <= 65536),
  CHECK (0 <= ALL (uids) AND 65535 >= ALL (uids) AND 0 <= ALL (weights) AND 65535 >= ALL (weights)),
  CHECK ((included_number IS NULL) = (included_hash IS NULL)),
  CHECK ((failure_code IS NULL) = (failure_facts IS NULL))
);
CREATE UNIQUE INDEX submissions_one_live_per_epoch ON voxd.submissions (genesis, netuid, mechanism, hotkey, epoch_start)
  WHERE state NOT IN ('refused', 'abandoned');
CREATE INDEX submissions_unsettled ON voxd.submissions (id) WHERE state IN ('planned', 'sent');

CREATE FUNCTION voxd.guard_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.genesis, OLD.netuid, OLD.mechanism, OLD.hotkey, OLD.epoch_start, OLD.round, OLD.method, OLD.uids, OLD.hotkeys, OLD.weights,
      OLD.version_key, OLD.planned_number, OLD.planned_hash)
     IS DISTINCT FROM
     (NEW.genesis, NEW.netuid, NEW.mechanism, NEW.hotkey, NEW.epoch_start, NEW.round, NEW.method, NEW.uids, NEW.hotkeys, NEW.weights,
      NEW.version_key, NEW.planned_number, NEW.planned_hash)
     OR (OLD.state = 'finalized' AND NEW.state <> 'finalized') THEN
    RAISE EXCEPTION 'submission % is written already', OLD.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'submissions_written_once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER submissions_written_once BEFORE UPDATE ON voxd.submissions FOR EACH ROW EXECUTE FUNCTION voxd.guard_submission();
CREATE TRIGGER submissions_append_only BEFORE DELETE ON voxd.submissions FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();
