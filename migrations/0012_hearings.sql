-- What audits ask to be heard again: the scoring queue hands them to any worker, and who asked waits for the answer.
CREATE TABLE voxd.hearings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asked_at timestamptz NOT NULL DEFAULT now(),
  request jsonb NOT NULL,
  -- One score per prompt, or why there is none.
  scores jsonb,
  failure text,
  host text,
  CHECK (scores IS NULL OR failure IS NULL)
);
