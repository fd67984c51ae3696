CREATE TYPE character AS ENUM ('fixed', 'flashing', 'occulting');
CREATE TYPE "LightState" AS ENUM ('ON', 'OFF', 'it''s broken', 'with, comma');
CREATE TYPE nothing AS ENUM ();
CREATE DOMAIN bearing AS int CHECK (VALUE BETWEEN 0 AND 359);
CREATE DOMAIN call_sign AS varchar(7) NOT NULL;
CREATE TYPE location AS (latitude float8, longitude float8);
CREATE TYPE bearing_range AS RANGE (subtype = float8);
CREATE TABLE light (
    id int PRIMARY KEY,
    character "character" NOT NULL,
    state public."LightState" DEFAULT 'OFF',
    states "LightState"[] NOT NULL DEFAULT '{}',
    bearing bearing,
    sign call_sign,
    place location NOT NULL,
    sector bearing_range
);
