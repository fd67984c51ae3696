// Holds documents to a JSON Schema: node schema.js FOLDER SCHEMA DOCUMENT…
// FOLDER holds `node_modules`. What is wrong is printed, and the exit code is 1 then.
const { readFileSync } = require("fs");
const { createRequire } = require("module");
const [folder, schemaPath, ...documents] = process.argv.slice(2);
const load = createRequire(`${folder}/package.json`);
const read = (path) => JSON.parse(readFileSync(path, "utf8").replace(/^\ufeff/, ""));
const schema = read(schemaPath);
const Ajv = schema.$schema.includes("2020-12") ? load("ajv/dist/2020") : load("ajv");
// Formats of numbers (`uint32`) are notes of ours, which no reader has to know.
const ajv = new Ajv.default({ strict: false, allErrors: true, logger: false });
load("ajv-formats").default(ajv);
const holds = ajv.compile(schema);
for (const path of documents) {
  if (!holds(read(path))) {
    console.log(path, JSON.stringify(holds.errors.slice(0, 5), null, 1));
    process.exitCode = 1;
  }
}
