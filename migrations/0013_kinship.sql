-- What a round found of copies, derivatives and places, and what the next one has to remember of a registration.
ALTER TABLE voxd.standings
  ADD COLUMN commitment_block voxd.block_number,
  ADD COLUMN unheard_rounds int NOT NULL DEFAULT 0 CHECK (unheard_rounds >= 0),
  ADD COLUMN ancestors jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN kinship jsonb,
  ADD COLUMN rank int CHECK (rank > 0),
  ADD COLUMN behind voxd.hotkey;
-- Rows from before do not know it; no model is committed before its registration.
UPDATE voxd.standings SET commitment_block = registered_at;
ALTER TABLE voxd.standings ALTER COLUMN commitment_block SET NOT NULL;
