ALTER TABLE "harbour" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "harbour" ALTER COLUMN "status" SET DEFAULT 'open'::text;--> statement-breakpoint
DROP TYPE "public"."status";--> statement-breakpoint
CREATE TYPE "public"."status" AS ENUM('open', 'shut', 'silted');--> statement-breakpoint
ALTER TABLE "harbour" ALTER COLUMN "status" SET DEFAULT 'open'::"public"."status";--> statement-breakpoint
ALTER TABLE "harbour" ALTER COLUMN "status" SET DATA TYPE "public"."status" USING "status"::"public"."status";--> statement-breakpoint
ALTER TABLE "berth" RENAME COLUMN "kind" TO "sort";--> statement-breakpoint
ALTER TABLE "harbour" ADD COLUMN "depth" smallint;--> statement-breakpoint
ALTER TABLE "harbour" DROP CONSTRAINT "harbour_uid_unique";
