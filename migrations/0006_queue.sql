-- What became of each scoring job. The queue itself forgets finished jobs; this remembers, so that one is added only once.
CREATE TABLE voxd.scoring_jobs (
  round bigint NOT NULL CHECK (round >= 0),
  model voxd.hash32 NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'skipped', 'dead')),
  reason text,
  added_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (round, model, hotkey)
);
CREATE INDEX scoring_jobs_dead ON voxd.scoring_jobs (round) WHERE state = 'dead';

-- Processes that take jobs. One whose beat stopped is dead, and what it held goes back.
CREATE TABLE voxd.queue_workers (
  id text PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  beat_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
