-- AlterEnum
BEGIN;
CREATE TYPE "lamp_state_new" AS ENUM ('ON', 'OFF');
ALTER TABLE "light" ALTER COLUMN "state" DROP DEFAULT;
ALTER TABLE "light" ALTER COLUMN "states" DROP DEFAULT;
ALTER TABLE "light" ALTER COLUMN "state" TYPE "lamp_state_new" USING ("state"::text::"lamp_state_new");
ALTER TABLE "light" ALTER COLUMN "states" TYPE "lamp_state_new"[] USING ("states"::text::"lamp_state_new"[]);
ALTER TYPE "lamp_state" RENAME TO "lamp_state_old";
ALTER TYPE "lamp_state_new" RENAME TO "lamp_state";
DROP TYPE "lamp_state_old";
ALTER TABLE "light" ALTER COLUMN "state" SET DEFAULT 'OFF';
COMMIT;

ALTER TYPE location ADD ATTRIBUTE height float8;
ALTER DOMAIN bearing SET NOT NULL;
ALTER DOMAIN call_sign RENAME TO sign;
DROP TYPE nothing;
DROP TYPE IF EXISTS nothing, no_such;
CREATE TABLE old_light (id int, sector bearing_range, sign sign, of_light light, character "character");
DROP TYPE bearing_range CASCADE;
DROP DOMAIN sign CASCADE;
DROP TABLE light CASCADE;
CREATE SCHEMA charts;
ALTER TYPE "character" SET SCHEMA charts;
ALTER TYPE charts."character" RENAME TO light_character;
ALTER TABLE old_light ALTER COLUMN id TYPE text;
