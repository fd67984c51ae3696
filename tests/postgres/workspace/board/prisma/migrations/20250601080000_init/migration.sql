-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "Crew Lists";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "charts";

-- CreateEnum
CREATE TYPE "charts"."light_colour" AS ENUM ('White', 'red sector', 'Green');

-- CreateEnum
CREATE TYPE "public"."LightCharacter" AS ENUM ('FIXED', 'FLASHING');

-- CreateTable
CREATE TABLE "public"."lighthouse" (
    "id" UUID NOT NULL,
    "number" BIGSERIAL NOT NULL,
    "name" VARCHAR(80) NOT NULL,
    "code" CHAR(4),
    "height" DECIMAL(6,2) NOT NULL,
    "budget" DECIMAL(65,30),
    "range" DOUBLE PRECISION NOT NULL,
    "dim" REAL,
    "is_lit" BOOLEAN NOT NULL DEFAULT true,
    "built_at" TIMESTAMP(3),
    "lit_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "openedOn" DATE NOT NULL,
    "opensAt" TIME(0),
    "closesAt" TIMETZ,
    "picture" BYTEA,
    "facts" JSONB NOT NULL,
    "moreFacts" JSON,
    "names" TEXT[],
    "stages" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "colours" "charts"."light_colour"[],
    "colour" "charts"."light_colour" NOT NULL DEFAULT 'White',
    "character" "public"."LightCharacter",
    "small" SMALLINT,
    "flags" BIT(8),
    "moreFlags" VARBIT,
    "address" INET,
    "page" XML,
    "place" point,
    "search" tsvector,
    "stationId" INTEGER,
    "successorId" UUID,

    CONSTRAINT "lighthouse_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "charts"."Station" (
    "id" SERIAL NOT NULL,
    "secret" TEXT NOT NULL,

    CONSTRAINT "Station_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Crew Lists"."keeper list" (
    "id" SERIAL NOT NULL,
    "full name" TEXT NOT NULL,

    CONSTRAINT "keeper list_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "public"."Visit" (
    "lighthouseId" UUID NOT NULL,
    "keeperId" INTEGER,
    "day" INTEGER NOT NULL,
    "note" TEXT,

    CONSTRAINT "Visit_pkey" PRIMARY KEY ("lighthouseId","day")
);

-- CreateTable
CREATE TABLE "public"."old_log" (
    "entry" TEXT
);

-- CreateTable
CREATE TABLE "Crew Lists"."_KeeperToLighthouse" (
    "A" INTEGER NOT NULL,
    "B" UUID NOT NULL,

    CONSTRAINT "_KeeperToLighthouse_AB_pkey" PRIMARY KEY ("A","B")
);

-- CreateTable
CREATE TABLE "Crew Lists"."_friends" (
    "A" INTEGER NOT NULL,
    "B" INTEGER NOT NULL,

    CONSTRAINT "_friends_AB_pkey" PRIMARY KEY ("A","B")
);

-- CreateIndex
CREATE UNIQUE INDEX "lighthouse_number_key" ON "public"."lighthouse"("number");

-- CreateIndex
CREATE INDEX "lighthouse_name_idx" ON "public"."lighthouse"("name");

-- CreateIndex
CREATE UNIQUE INDEX "old_log_entry_key" ON "public"."old_log"("entry");

-- CreateIndex
CREATE INDEX "_KeeperToLighthouse_B_index" ON "Crew Lists"."_KeeperToLighthouse"("B");

-- CreateIndex
CREATE INDEX "_friends_B_index" ON "Crew Lists"."_friends"("B");

-- AddForeignKey
ALTER TABLE "public"."lighthouse" ADD CONSTRAINT "lighthouse_stationId_fkey" FOREIGN KEY ("stationId") REFERENCES "charts"."Station"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "public"."Visit" ADD CONSTRAINT "Visit_keeperId_fkey" FOREIGN KEY ("keeperId") REFERENCES "Crew Lists"."keeper list"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- CreateView, by hand
CREATE VIEW "public"."lit_lighthouse" AS SELECT "id", "name" FROM "public"."lighthouse" WHERE "is_lit";
