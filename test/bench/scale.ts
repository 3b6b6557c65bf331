/** `npm run scale`: counts what turns make Cloudflare bill, and throws a day's threads over objects. `--simulate` leaves the counting out; `--write` puts it into docs/scaling.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { arrivalTable } from "./cost/arrival.ts";
import { measure } from "./cost/measure.ts";
import { costTable, countRows, countTable, readCountTable, threadBytes, turnSeconds } from "./cost/tables.ts";
import { section } from "./documented.ts";

export const docFile = join(import.meta.dirname, "../../docs/scaling.md");
export const sizes = [10_000, 1_000_000, 100_000_000];
export const seed = 20261121;

if (import.meta.main) {
  const { values } = parseArgs({
    options: { simulate: { type: "boolean" }, write: { type: "boolean" }, turns: { type: "string" } },
  });
  let text = readFileSync(docFile, "utf8");
  let { rows, bytes } = readCountTable(section(text, "counted"));
  if (!values.simulate) {
    const measured = await measure({ turns: Number(values.turns ?? 40), threads: 4, seconds: turnSeconds });
    rows = countRows(measured);
    bytes = threadBytes(measured);
    console.log(`${countTable(rows, bytes)}\n`);
    console.log(`${costTable(rows, bytes)}\n`);
    text = section(text, "counted", countTable(rows, bytes));
    text = section(text, "cost", costTable(rows, bytes));
  }
  const table = arrivalTable(rows, sizes, seed);
  console.log(table);
  text = section(text, "arrival", table);
  if (values.write) writeFileSync(docFile, text);
  process.exit(0);
}
