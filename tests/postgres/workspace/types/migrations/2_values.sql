ALTER TYPE "character" ADD VALUE 'isophase';
ALTER TYPE "character" ADD VALUE 'quick' BEFORE 'flashing';
ALTER TYPE "character" ADD VALUE 'very quick' AFTER 'quick';
ALTER TYPE "character" ADD VALUE IF NOT EXISTS 'quick';
ALTER TYPE "character" RENAME VALUE 'occulting' TO 'eclipsing';
ALTER TYPE "LightState" RENAME TO lamp_state;
