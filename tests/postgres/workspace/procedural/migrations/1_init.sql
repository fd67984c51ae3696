DO $$
BEGIN
    CREATE TYPE wind AS ENUM ('calm', 'breeze', 'storm');
EXCEPTION
    WHEN duplicate_object THEN NULL;
END
$$;

DO $$ BEGIN
    CREATE TYPE wind AS ENUM ('other');
EXCEPTION WHEN duplicate_object THEN null;
END $$;

CREATE TABLE weather (id int PRIMARY KEY, wind wind NOT NULL);

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'weather' AND column_name = 'pressure'
    ) THEN
        ALTER TABLE weather ADD COLUMN pressure int;
    END IF;
END $$;

DO $body$
BEGIN
    EXECUTE 'ALTER TABLE weather ADD COLUMN gusts int NOT NULL DEFAULT 0';
    EXECUTE 'CREATE TABLE squall (id int)';
END
$body$;

CREATE FUNCTION note_weather() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE IF NOT EXISTS never_called (id int);
    DROP TABLE weather;
    RETURN NEW;
END
$$;
CREATE TRIGGER weather_noted AFTER INSERT ON weather FOR EACH ROW EXECUTE FUNCTION note_weather();
CREATE PROCEDURE clear_weather() LANGUAGE sql BEGIN ATOMIC DELETE FROM weather; DELETE FROM squall; END;
INSERT INTO squall VALUES (1);
COPY squall FROM stdin;
2
3
\.
ALTER TABLE squall ADD COLUMN force smallint;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX ON squall USING gin (CAST(force AS text) gin_trgm_ops);
ALTER TABLE weather ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_weather ON weather USING (true);
GRANT SELECT ON weather TO PUBLIC;
