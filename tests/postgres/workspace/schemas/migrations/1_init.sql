CREATE SCHEMA charts;
CREATE SCHEMA IF NOT EXISTS charts;
CREATE SCHEMA "Archive" AUTHORIZATION CURRENT_USER;
CREATE SCHEMA AUTHORIZATION postgres;
ALTER SCHEMA postgres RENAME TO fog;

-- A schema with what stands in it.
CREATE SCHEMA stores
    CREATE TABLE oil_barrel (id int PRIMARY KEY, litres numeric(8, 2))
    CREATE VIEW full_barrel AS SELECT id FROM oil_barrel WHERE litres > 100
    CREATE TABLE wick (id int);

CREATE TABLE charts.lighthouse (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    height_cm integer
);
CREATE TABLE keeper (id serial PRIMARY KEY, name text NOT NULL);
CREATE TYPE charts.light_colour AS ENUM ('white', 'red', 'green');
ALTER TABLE charts.lighthouse ADD COLUMN colour charts.light_colour NOT NULL DEFAULT 'white';
CREATE TABLE fog.horn (id int);
