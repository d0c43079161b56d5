-- Two signed messages under one sequence number, as received: whoever has both can check both.
CREATE TABLE voxd.equivocations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hotkey voxd.hotkey NOT NULL,
  kind integer NOT NULL CHECK (kind >= 0),
  sequence voxd.u64 NOT NULL,
  first_digest voxd.hash32 NOT NULL,
  -- Null where the first message was accepted too long ago to be at hand.
  first_envelope bytea CHECK (octet_length(first_envelope) <= 131072),
  second_digest voxd.hash32 NOT NULL,
  second_envelope bytea NOT NULL CHECK (octet_length(second_envelope) <= 131072),
  block_number voxd.block_number NOT NULL,
  noticed_at_ms voxd.time_ms NOT NULL,
  UNIQUE (hotkey, kind, sequence),
  CHECK (first_digest <> second_digest)
);
CREATE INDEX equivocations_newest ON voxd.equivocations (block_number);
CREATE TRIGGER equivocations_append_only BEFORE UPDATE OR DELETE ON voxd.equivocations
  FOR EACH ROW EXECUTE FUNCTION voxd.refuse_rewrite();

-- Whom this node does not speak with, and whom it always does. One rule per subject.
CREATE TABLE voxd.peer_rules (
  subject_type text NOT NULL CHECK (subject_type IN ('peer', 'hotkey', 'range')),
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 128),
  rule text NOT NULL CHECK (rule IN ('deny', 'allow')),
  -- Null: until it is taken back.
  until_ms voxd.time_ms,
  reason text NOT NULL CHECK (length(reason) <= 200),
  made_by text NOT NULL CHECK (made_by IN ('operator', 'node')),
  made_at_ms voxd.time_ms NOT NULL,
  PRIMARY KEY (subject_type, subject)
);
