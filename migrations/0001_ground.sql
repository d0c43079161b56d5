-- Value kinds that every table uses, and the two guards of history.
CREATE DOMAIN voxd.hash32 AS bytea CHECK (octet_length(VALUE) = 32);
CREATE DOMAIN voxd.hotkey AS text CHECK (VALUE ~ '^[1-9A-HJ-NP-Za-km-z]{46,50}$');
CREATE DOMAIN voxd.u16 AS integer CHECK (VALUE BETWEEN 0 AND 65535);
CREATE DOMAIN voxd.u64 AS numeric(20, 0) CHECK (VALUE BETWEEN 0 AND 18446744073709551615);
CREATE DOMAIN voxd.block_number AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN voxd.ppm AS integer CHECK (VALUE BETWEEN 0 AND 1000000);
-- Milliseconds since 1970 as the protocol carries them.
CREATE DOMAIN voxd.time_ms AS bigint CHECK (VALUE >= 0);

-- History is written once. Only pruning, which says so in its own transaction, may delete.
CREATE FUNCTION voxd.refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('voxd.pruning', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

-- Which daemon this database belongs to: one row at most.
CREATE TABLE voxd.daemon (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  genesis voxd.hash32 NOT NULL,
  netuid voxd.u16 NOT NULL,
  hotkey voxd.hotkey NOT NULL,
  pid integer NOT NULL,
  host text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now()
);
