import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { arrival, arrivalTable, objectRequestsMax } from "../bench/cost/arrival.ts";
import { costTable, countTable, readCountTable } from "../bench/cost/tables.ts";
import { section } from "../bench/documented.ts";
import { docFile, seed, sizes } from "../bench/scale.ts";

const text = readFileSync(docFile, "utf8");
const { rows, bytes } = readCountTable(section(text, "counted"));

test("docs/scaling.md has the tables as the command writes them: costs and hot spots follow from the counts", () => {
  expect(section(text, "counted")).toBe(countTable(rows, bytes));
  expect(section(text, "cost")).toBe(costTable(rows, bytes));
  expect(section(text, "arrival")).toBe(arrivalTable(rows, sizes, seed));
});

test("what is billed was counted: a turn calls its connection, its Directory and its memory, and writes rows", () => {
  const perTurn = (what: string) => rows.find((row) => row.what === what)?.perTurn ?? 0;
  for (const what of [
    "requests Thread",
    "requests Connection",
    "requests Directory",
    "requests Memory",
    "rows written Thread",
    "kv reads",
  ]) {
    expect(perTurn(what), what).toBeGreaterThan(0);
  }
  expect(rows.find(({ what }) => what === "requests Access")?.perConnection).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(10_000);
});

test("the same dice give the same hour, and ten times the threads ten times the load on what there is one of", () => {
  expect(arrival(rows, 1_000_000, 7)).toEqual(arrival(rows, 1_000_000, 7));
  const access = (threads: number) => arrival(rows, threads, 7)[0]?.meanPerSecond ?? 0;
  expect(access(1_000_000) / access(100_000)).toBeCloseTo(10, 3);
  const afterDeployment = arrival(rows, 1_000_000, 7)[1]?.peakPerSecond ?? 0;
  expect(afterDeployment).toBeGreaterThan(objectRequestsMax);
});
