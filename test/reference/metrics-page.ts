/** docs/metrics.md: every metric of the table, as an operator reads it. */
import { bucketsMs, type Metric, metrics } from "#core/metrics/table";

export function metricsPage(): string {
  const rows = Object.entries(metrics).map(([name, metric]) => row(name, metric));
  const bounds = bucketsMs.map((boundMs) => (boundMs < 60_000 ? `${boundMs / 1_000} s` : `${boundMs / 60_000} min`)).join(", ");
  return `# Metrics

Generated from \`durable-objects/core/metrics/table.ts\` by \`npm run protocol\`. How they are read and how exact they are: [observability.md](observability.md).

Every name begins with \`spindle_\`. Every series is there from the first scrape on, at zero. No label names an account, a thread or a repository.

| name | type | labels | what it says |
| --- | --- | --- | --- |
${rows.join("\n")}
| \`build_info\` | gauge | \`version\` | The version of Spindle that answers. |

Buckets of every histogram: ${bounds}, and what is longer. A gauge is the sum over all objects, but for the two that tell an age: there it is the oldest.
`;
}

function row(name: string, { type, labels, help }: Metric): string {
  const text = Object.entries(labels)
    .map(([label, values]) => `\`${label}\`: ${values.join(", ")}`)
    .join("; ");
  return `| \`${name}\` | ${type} | ${text} | ${help} |`;
}
