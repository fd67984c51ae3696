CREATE TABLE LightHouse (ID int, "Name" text, "order" int NOT NULL, "With ""quotes""" text, "with.dot" text, Größe int);
CREATE TABLE "LightHouse" (id text);
CREATE TABLE public."Light House" ("a b" int);
CREATE TABLE "user" ("group" text PRIMARY KEY);
CREATE TABLE a_table_whose_name_is_so_long_that_the_server_cuts_it_off_behind_its_63rd_byte (
    a_column_whose_name_is_so_long_that_the_server_cuts_it_off_behind_its_63rd_byte int
);
ALTER TABLE a_table_whose_name_is_so_long_that_the_server_cuts_it_off_behind_another RENAME TO short;
CREATE TYPE "Lamp Kind" AS ENUM ('a "b"', 'c,d', '', 'Größe');
ALTER TABLE lighthouse ADD COLUMN kind "Lamp Kind", ADD COLUMN "Kind" "Lamp Kind"[];
CREATE TABLE coalesce (between int, "values" int, year int, value int, name text, type text, key text, action text, date date, time time, timestamp timestamp, text text, interval interval);
ALTER TABLE LIGHTHOUSE RENAME COLUMN id TO "ID";
/* CREATE TABLE commented_out (id int); */
-- CREATE TABLE commented_out (id int);
SELECT 'CREATE TABLE in_a_string (id int);';
CREATE TABLE /* between */ spaced -- out
    (
    id /* int */ bigint, -- , other int
    "-- no comment" int
);
