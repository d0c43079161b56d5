CREATE TABLE voxd.announcements (
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  manifest_size_bytes bigint NOT NULL CHECK (manifest_size_bytes >= 0),
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  commitment_block voxd.block_number NOT NULL,
  providers text[] NOT NULL CHECK (cardinality(providers) <= 64),
  sequence voxd.u64 NOT NULL,
  issued_at_ms voxd.time_ms NOT NULL,
  expires_at_ms voxd.time_ms NOT NULL,
  envelope bytea NOT NULL,
  PRIMARY KEY (hotkey, model)
);
CREATE INDEX announcements_of_model ON voxd.announcements (model, expires_at_ms);
CREATE INDEX announcements_expiry ON voxd.announcements (expires_at_ms);

-- Ours: the last number given out. Written before the message is published, so that a crash cannot use one twice.
CREATE TABLE voxd.own_sequences (
  hotkey voxd.hotkey NOT NULL,
  kind integer NOT NULL CHECK (kind >= 0),
  sequence voxd.u64 NOT NULL,
  PRIMARY KEY (hotkey, kind)
);

-- Others': the highest number seen.
CREATE TABLE voxd.seen_sequences (
  hotkey voxd.hotkey NOT NULL,
  kind integer NOT NULL CHECK (kind >= 0),
  sequence voxd.u64 NOT NULL,
  body_digest text NOT NULL CHECK (length(body_digest) <= 128),
  PRIMARY KEY (hotkey, kind)
);
