CREATE TABLE lens_copy (LIKE lens);
CREATE TABLE lens_twin (LIKE lens INCLUDING ALL, extra text NOT NULL);
CREATE TABLE lens_in_between (before int, LIKE lens EXCLUDING DEFAULTS, behind int);
CREATE TABLE named_light (name text NOT NULL, seen_by text);
CREATE TABLE leading_light (bearing int NOT NULL) INHERITS (named_light);
CREATE TABLE sector_light (name text, bearing int, colour text) INHERITS (leading_light);
ALTER TABLE named_light ADD COLUMN added_later date NOT NULL;
ALTER TABLE named_light RENAME COLUMN seen_by TO observed_by;
ALTER TABLE named_light DROP COLUMN added_later;
CREATE TABLE long_light AS SELECT l.id, l.name, l.height AS tall FROM lighthouse l WHERE height > 30;
CREATE TABLE counted_light (name, times) AS SELECT name, count(*) FROM lighthouse GROUP BY name;
CREATE TABLE kept_lens AS TABLE lens WITH NO DATA;
CREATE TABLE constants AS SELECT 1 AS one, 'two' AS two, true AS three, 4.5 AS four, NULL AS five, now() AS six, '7'::int AS seven, CAST(8 AS bigint) AS eight;
CREATE TABLE listed AS VALUES (1, 'a'), (2, 'b');
SELECT id, name INTO chosen_light FROM lighthouse;

CREATE TABLE reading (
    at timestamptz NOT NULL,
    lighthouse_id bigint NOT NULL,
    celsius numeric(4, 1)
) PARTITION BY RANGE (at);
CREATE TABLE reading_2024 PARTITION OF reading FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE reading_2025 PARTITION OF reading (celsius NOT NULL) FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (lighthouse_id);
CREATE TABLE reading_2025_0 PARTITION OF reading_2025 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE reading_rest PARTITION OF reading DEFAULT;
ALTER TABLE reading ADD COLUMN humidity real;
ALTER TABLE reading RENAME celsius TO degrees;
CREATE TABLE reading_2023 (LIKE reading INCLUDING DEFAULTS);
ALTER TABLE reading ATTACH PARTITION reading_2023 FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
ALTER TABLE reading DETACH PARTITION reading_2024;
ALTER TABLE reading DROP COLUMN humidity;
CREATE TYPE as_made AS (made_by text, made_on date);
CREATE TABLE lamp OF as_made;
CREATE TABLE lamp_2 OF as_made (made_by WITH OPTIONS NOT NULL, PRIMARY KEY (made_on));
