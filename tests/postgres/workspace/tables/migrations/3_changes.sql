ALTER TABLE lighthouse
    ADD COLUMN owner text,
    ADD founded int NOT NULL DEFAULT 1800,
    ADD COLUMN IF NOT EXISTS owner int,
    DROP COLUMN IF EXISTS no_such,
    DROP COLUMN more_flags,
    DROP one_flag CASCADE,
    ALTER COLUMN name DROP NOT NULL,
    ALTER note SET NOT NULL,
    ALTER COLUMN weight TYPE int USING weight::int,
    ALTER COLUMN code SET DATA TYPE varchar(8),
    ALTER COLUMN is_lit DROP DEFAULT,
    ALTER COLUMN words SET STATISTICS 0,
    ADD CONSTRAINT lighthouse_owner_check CHECK (owner <> '');
ALTER TABLE lighthouse RENAME COLUMN range_nm TO range;
ALTER TABLE lighthouse RENAME facts TO old_facts;
ALTER TABLE lighthouse DROP CONSTRAINT lighthouse_pkey CASCADE;
ALTER TABLE lighthouse ADD PRIMARY KEY (id);
ALTER TABLE lighthouse RENAME CONSTRAINT lighthouse_code_key TO one_code;
ALTER TABLE IF EXISTS no_such ADD COLUMN a int;
ALTER TABLE ONLY lens ALTER width_cm DROP EXPRESSION;
ALTER TABLE lens ALTER COLUMN id DROP IDENTITY IF EXISTS, ALTER COLUMN width_mm ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE lens RENAME TO glass;
ALTER TABLE glass RENAME TO lens_2;
ALTER TABLE lens_2 RENAME TO lens;
CREATE UNIQUE INDEX empty_idx ON lens_copy (width_mm);
ALTER TABLE lens_copy ADD CONSTRAINT lens_copy_pkey PRIMARY KEY USING INDEX empty_idx;
CREATE INDEX ON lens_copy (width_cm);
DROP INDEX lens_copy_width_cm_idx;
ALTER TABLE sighting ADD COLUMN id int PRIMARY KEY, ALTER COLUMN at SET NOT NULL;
ALTER TABLE sighting RENAME COLUMN at TO seen_at;
ALTER TABLE lamp NOT OF;
ALTER TABLE lamp ADD COLUMN watts int;
ALTER TABLE leading_light NO INHERIT named_light;
DROP TABLE IF EXISTS no_such, empty_one, constants;
DROP TABLE listed, chosen_light RESTRICT;
DROP TABLE named_light CASCADE;
ALTER SEQUENCE lighthouse_id_seq RENAME TO lighthouse_ids;
COMMENT ON TABLE lens IS 'DROP TABLE lens;';
