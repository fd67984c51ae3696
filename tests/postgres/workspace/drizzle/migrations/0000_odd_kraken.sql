CREATE TYPE "public"."status" AS ENUM('open', 'closed');--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "harbour" (
	"id" serial PRIMARY KEY NOT NULL,
	"uid" uuid DEFAULT gen_random_uuid() NOT NULL,
	"status" "status" DEFAULT 'open',
	"opened" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"amount" numeric(10, 2)[] DEFAULT '{}',
	CONSTRAINT "harbour_uid_unique" UNIQUE("uid")
);
--> statement-breakpoint
CREATE TABLE "berth" (
	"harbour_id" integer NOT NULL,
	"code" varchar(8) NOT NULL,
	"kind" text GENERATED ALWAYS AS ('x' || "code") STORED,
	CONSTRAINT "berth_harbour_id_code_pk" PRIMARY KEY("harbour_id","code")
);
--> statement-breakpoint
DO $$ BEGIN
 ALTER TABLE "berth" ADD CONSTRAINT "berth_fk" FOREIGN KEY ("harbour_id") REFERENCES "public"."harbour"("id") ON DELETE no action;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
