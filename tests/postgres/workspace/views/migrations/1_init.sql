CREATE TABLE keeper (id serial PRIMARY KEY, name text NOT NULL, wage numeric(10, 2), hired_on date);
CREATE TABLE duty (keeper_id int REFERENCES keeper, lighthouse text NOT NULL, "From" timestamptz(0), until timestamptz(0));
CREATE VIEW keeper_list AS SELECT * FROM keeper;
CREATE VIEW on_duty AS
    SELECT k.name, d.*, d.until - d."From" AS length
    FROM duty d JOIN keeper AS k ON k.id = d.keeper_id;
CREATE VIEW renamed (who, paid) AS SELECT name, wage FROM keeper;
CREATE OR REPLACE VIEW counted AS
    WITH busy AS (SELECT keeper_id, count(*) AS times FROM duty GROUP BY keeper_id)
    SELECT k.id, k.name, coalesce(b.times, 0) AS times, k.wage > 100 AS is_rich, upper(k.name)
    FROM keeper k LEFT JOIN busy b ON b.keeper_id = k.id;
CREATE VIEW both_names AS SELECT name FROM keeper UNION ALL SELECT lighthouse FROM duty;
CREATE VIEW nested AS SELECT l.* FROM (SELECT id, name AS label FROM keeper_list) AS l;
CREATE VIEW using_names AS SELECT * FROM keeper JOIN duty ON true;
CREATE RECURSIVE VIEW countdown (n) AS VALUES (10) UNION ALL SELECT n - 1 FROM countdown WHERE n > 1;
CREATE TEMP VIEW of_this_session AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW wages AS SELECT date_trunc('month', hired_on) AS month, sum(wage) FROM keeper GROUP BY 1;
CREATE MATERIALIZED VIEW IF NOT EXISTS wages AS SELECT 1 AS other;
CREATE MATERIALIZED VIEW first_names (first) AS SELECT split_part(name, ' ', 1) FROM keeper WITH NO DATA;
CREATE UNIQUE INDEX ON wages (month);
