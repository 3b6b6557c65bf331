/** Pages that commands write a part of: what stands between `<!-- name -->` and `<!-- /name -->`. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../checks/server.ts";

/** The part's content; with `content` the whole text with that in its place. Throws where the page has no such part. */
export function section(text: string, name: string, content?: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`the page has no part ${name}`);
  return content === undefined ? text.slice(from, to).trim() : `${text.slice(0, from)}\n${content}\n${text.slice(to)}`;
}

export const performanceFile = join(projectRoot, "docs/performance.md");

export function writePerformance(name: string, content: string): void {
  writeFileSync(performanceFile, section(readFileSync(performanceFile, "utf8"), name, content));
}

/** When and on what, for beside the figures. `load`: runnable processes when it began (a minute's mean). */
export function measuredOn({ load }: { load: number }): string {
  const [processor] = cpus();
  const memoryGiB = Math.round(totalmem() / 1024 ** 3);
  return (
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${cpus().length} × ${processor?.model.trim()}, ${memoryGiB} GiB, ` +
    `${process.platform} ${release()}, Node ${process.version}; load average when it began ${load.toFixed(1)}`
  );
}

/** The first row is the heading. */
export function markdownTable(rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.trim()).join(" | ")} |`;
  const [heading = [], ...others] = rows;
  return [line(heading), line(heading.map(() => "---")), ...others.map(line)].join("\n");
}
