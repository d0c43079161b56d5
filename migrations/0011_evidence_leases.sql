-- Audio and reports go in two steps: marked here, then removed from disk, then forgotten here. Each store answers for its own folders: a store is a
-- directory, told apart by the identity in it, because machines change their names. What was kept before is deleted at the next start.
DROP TABLE voxd.evidence;
CREATE TABLE voxd.evidence (
  round bigint NOT NULL CHECK (round >= 0),
  hotkey voxd.hotkey NOT NULL,
  store uuid NOT NULL,
  host text NOT NULL,
  directory text NOT NULL,
  state text NOT NULL CHECK (state IN ('kept', 'going')),
  -- The report is there too: the model has been heard.
  reported boolean NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (round, hotkey, store)
);

-- Somebody reads it: it stays until released or until the time is over.
CREATE TABLE voxd.evidence_leases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  round bigint NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  store uuid NOT NULL,
  ends_at timestamptz NOT NULL,
  FOREIGN KEY (round, hotkey, store) REFERENCES voxd.evidence ON DELETE CASCADE
);
CREATE INDEX evidence_leases_of_folder ON voxd.evidence_leases (round, hotkey, store);
