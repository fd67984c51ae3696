-- How a view names the columns that nobody names.
CREATE TABLE ship (id int NOT NULL, name text, tags text[], owner jsonb, built date, flag varchar(3) NOT NULL);
CREATE TABLE passage (ship_id int, id int, name text, at timestamptz);
CREATE VIEW named_by_the_server AS SELECT
    count(*), max(s.id), s.name::text, s.tags[1], (s.owner ->> 'name') AS owner,
    CASE WHEN s.id > 1 THEN 'a' ELSE 'b' END, coalesce(s.name, 'x'), nullif(s.id, 3), greatest(s.id, 2),
    least(s.id, 4), EXISTS (SELECT 1 FROM passage), ARRAY[1, 2], (SELECT at FROM passage LIMIT 1), now(),
    current_date, extract(year FROM s.built), 'x'::varchar(5), CAST(8 AS bigint), interval '1 day', true,
    trim(s.name), substring(s.name FROM 1 FOR 2), overlay(s.name PLACING 'a' FROM 1),
    s.built AT TIME ZONE 'utc', s.name COLLATE "C" AS collated, position('a' IN s.name), date '2024-01-01',
    session_user, row_number() OVER (), string_agg(s.name, ',' ORDER BY s.id), count(DISTINCT s.id) FILTER (WHERE true) AS some
    FROM ship s GROUP BY s.id, s.name, s.tags, s.owner, s.built;
CREATE VIEW nameless AS SELECT 1 + 2 FROM ship;
CREATE VIEW aliased (first, second) AS SELECT id, name, flag FROM ship;
CREATE VIEW joined AS SELECT * FROM ship JOIN passage USING (id, name);
CREATE VIEW natural_joined AS SELECT * FROM (SELECT id, name FROM ship) a NATURAL LEFT JOIN (SELECT id, at FROM passage) b;
CREATE VIEW part AS SELECT s.*, p.at FROM ship AS s (number, title) LEFT JOIN passage p ON p.ship_id = s.number;
CREATE VIEW whole_row AS SELECT s, s.id FROM ship s;
CREATE VIEW of_function AS SELECT n, n * 2 AS double FROM generate_series(1, 3) AS g (n);
CREATE VIEW of_function_too AS SELECT g.* FROM generate_series(1, 3) WITH ORDINALITY AS g (n, place);
CREATE VIEW of_record AS SELECT r.* FROM jsonb_to_record('{}') AS r (a int, b text);
CREATE VIEW of_values AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (number, letter);
CREATE VIEW of_values_too AS VALUES (1, 'a');
CREATE VIEW lateral_join AS SELECT s.name, l.* FROM ship s CROSS JOIN LATERAL (SELECT p.at, p.ship_id FROM passage p WHERE p.ship_id = s.id) l;
CREATE VIEW with_ctes AS WITH a AS (SELECT * FROM ship), b (x, y) AS (SELECT id, name FROM a), ship AS (SELECT 1 AS other) SELECT b.*, ship.* FROM b, ship;
CREATE VIEW in_parentheses AS (SELECT id FROM ship) UNION (SELECT ship_id FROM passage) ORDER BY 1;
CREATE VIEW of_a_view AS TABLE joined;
CREATE VIEW only_one AS SELECT ship.name FROM ONLY ship, passage;
CREATE VIEW renamed_later AS SELECT id AS a, name AS b FROM ship;
ALTER TABLE ship RENAME COLUMN name TO title;
ALTER VIEW renamed_later RENAME a TO number;
CREATE VIEW after_rename AS SELECT title, b, number FROM ship JOIN renamed_later ON number = id;
CREATE VIEW trimmed AS SELECT trim(LEADING 'a' FROM title), TRIM(TRAILING FROM flag), owner FROM ship;
