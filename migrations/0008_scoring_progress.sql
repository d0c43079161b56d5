-- Prompts heard so far of a model that is being scored: a worker that was killed loses the prompt it was at, and no other.
CREATE TABLE voxd.prompt_scores (
  round bigint NOT NULL CHECK (round >= 0),
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  scorer voxd.hash32 NOT NULL,
  prompt integer NOT NULL CHECK (prompt >= 0),
  -- json, not jsonb: the parts keep their order.
  score json NOT NULL,
  synthesis_ms integer NOT NULL CHECK (synthesis_ms >= 0),
  judge_ms integer NOT NULL CHECK (judge_ms >= 0),
  heard_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (round, hotkey, model, scorer, prompt)
);

-- What each stage took; a stage that went on after a kill has a row of each process.
CREATE TABLE voxd.scoring_stages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  round bigint NOT NULL CHECK (round >= 0),
  hotkey voxd.hotkey NOT NULL,
  model voxd.hash32 NOT NULL,
  stage text NOT NULL CHECK (stage IN ('precheck', 'first', 'contenders', 'full', 'audit')),
  prompts integer NOT NULL CHECK (prompts >= 0),
  load_ms integer NOT NULL CHECK (load_ms >= 0),
  synthesis_ms integer NOT NULL CHECK (synthesis_ms >= 0),
  judge_ms integer NOT NULL CHECK (judge_ms >= 0),
  total_ms integer NOT NULL CHECK (total_ms >= 0),
  host text NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX scoring_stages_of_round ON voxd.scoring_stages (round);

-- By what terms the node scores, so that a worker on another machine scores the same or refuses. One row: that of the daemon.
CREATE TABLE voxd.scoring_terms (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  terms json NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE voxd.queue_workers ADD COLUMN role text NOT NULL DEFAULT 'node' CHECK (role IN ('node', 'worker'));

-- Where the audio and the report of a model lie, and on which machine.
CREATE TABLE voxd.evidence (
  round bigint NOT NULL CHECK (round >= 0),
  hotkey voxd.hotkey NOT NULL,
  host text NOT NULL,
  directory text NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (round, hotkey)
);
