/**
 * OpenMetrics 1.0 text, read as strictly as the specification writes it: whatever it does not allow throws. Source:
 * https://prometheus.io/docs/specs/om/open_metrics_spec/ (ABNF, metric types, "MUST" of each).
 */

export interface Family {
  type: "counter" | "gauge" | "histogram";
  help: string;
  unit: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

/** Family by name. Throws an error that names the line. */
export function parseOpenMetrics(text: string): Map<string, Family> {
  if (!text.endsWith("# EOF\n")) throw new Error("the text does not end with # EOF");
  const families = new Map<string, Family>();
  let current = null as { name: string; family: Family } | null;
  const seen = new Set<string>();
  for (const [index, line] of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1).entries()) {
    const fail = (reason: string): never => {
      throw new Error(`line ${index + 1}: ${reason}: ${line}`);
    };
    const meta = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (meta) {
      const [, keyword, name = "", rest = ""] = meta;
      if (current?.name !== name) {
        if (families.has(name)) fail("families must not be interleaved, nor come twice");
        current = { name, family: { type: "gauge", help: "", unit: "", samples: [] } };
        families.set(name, current.family);
      }
      const { family } = current;
      if (family.samples.length > 0) fail("what describes a family comes before its samples");
      if (keyword === "TYPE") {
        if (!["counter", "gauge", "histogram"].includes(rest)) fail("no type that is used here");
        family.type = rest as Family["type"];
      } else if (keyword === "UNIT") {
        if (!name.endsWith(`_${rest}`)) fail("the unit is the last word of the name");
        family.unit = rest;
      } else if (/(?<!\\)(\\\\)*\\[^n"\\]/.test(rest) || /(?<!\\)"/.test(rest)) fail("what is escaped");
      else family.help = rest;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
    if (!sample || !current) return fail("neither a sample nor a description");
    const [, name = "", labelText = "", valueText = ""] = sample;
    const { family } = current;
    const suffix = name.startsWith(current.name) ? name.slice(current.name.length) : fail("a sample of another family");
    const suffixes = { counter: ["_total"], gauge: [""], histogram: ["_bucket", "_sum", "_count"] }[family.type];
    if (!suffixes.includes(suffix)) fail(`a ${family.type} has no ${suffix || "bare"} sample`);
    const labels = readLabels(labelText, fail);
    const value = Number(valueText);
    if (!/^[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf|NaN)$/.test(valueText) || Number.isNaN(value)) fail("no number");
    if (family.type !== "gauge" && value < 0) fail("what only grows is not negative");
    const key = `${name}{${Object.entries(labels).toSorted().join()}}`;
    if (seen.has(key)) fail("a series twice");
    seen.add(key);
    family.samples.push({ name, labels, value });
  }
  for (const [name, family] of families) if (family.type === "histogram") requireHistogram(name, family);
  return families;
}

/** A series' value by its name and labels. Throws where there is none. */
export function sampleOf(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number {
  for (const { samples } of families.values()) {
    const found = samples.find((sample) => sample.name === name && isSame(sample.labels, labels));
    if (found) return found.value;
  }
  throw new Error(`no series ${name} ${JSON.stringify(labels)}`);
}

function isSame(one: Record<string, string>, other: Record<string, string>): boolean {
  return JSON.stringify(Object.entries(one).toSorted()) === JSON.stringify(Object.entries(other).toSorted());
}

function readLabels(text: string, fail: (reason: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [whole = "", label = "", value = ""] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[n"\\])*)"(?:,(?=.)|$)/.exec(rest) ?? fail("what labels look like");
    if (Object.hasOwn(labels, label)) fail("a label twice");
    labels[label] = value;
    rest = rest.slice(whole.length);
  }
  return labels;
}

function requireHistogram(name: string, { samples }: Family): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => (labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)));
  const values = buckets.map(({ value }) => value);
  const isAscending = (numbers: number[], isStrict: boolean) =>
    numbers.every(
      (number, place) => place === 0 || (isStrict ? number > (numbers[place - 1] ?? 0) : number >= (numbers[place - 1] ?? 0)),
    );
  if (!isAscending(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
    throw new Error(`${name}: buckets ascend to +Inf`);
  if (!isAscending(values, false)) throw new Error(`${name}: buckets are cumulative`);
  if (buckets.some(({ labels }) => labels.le !== "+Inf" && !/[.e]/.test(labels.le ?? "")))
    throw new Error(`${name}: bounds are written as floats`);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (count !== values.at(-1)) throw new Error(`${name}: the count is what the last bucket holds`);
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`);
}
