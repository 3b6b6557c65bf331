/** What stands in monitoring/ fits what the server tells and what the runbooks say. Whether the rules do what they should, promtool tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dashboardExpressions } from "../checks/monitoring/dashboards.ts";
import { metricLabels } from "./metric-names.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const runbooks = readdirSync(join(root, "docs/runbooks")).filter((name) => name.endsWith(".md") && name !== "README.md");
const rules = ["objectives.rules.yml", "recording.rules.yml", "alerts.yml"].map((name) => read(`monitoring/${name}`)).join("\n");
const recorded = new Set(Array.from(rules.matchAll(/- record: (\S+)/g), ([, name = ""]) => name));
const dashboards = dashboardExpressions();
/** Without comments and without the texts for people. */
const expressions = [
  ...rules.split("\n").filter((line) => !/^\s*(#|summary:|description:|- record:|- alert:|- name:)/.test(line)),
  ...dashboards.map(({ expression }) => expression),
];

/** Each alert with what follows it up to the next. */
function alerts(): { name: string; text: string }[] {
  const [, ...parts] = read("monitoring/alerts.yml").split("- alert: ");
  return parts.map((text) => ({ name: text.slice(0, text.indexOf("\n")), text }));
}

test("rules and dashboards name metrics that the server tells, by labels that they have", () => {
  const unknown: string[] = [];
  for (const expression of expressions) {
    for (const [, name = "", selector = ""] of expression.matchAll(/\b(spindle_\w+)(?:\{([^}]*)\})?/g)) {
      const labels = metricLabels[name];
      if (!labels) unknown.push(name);
      for (const [, label = ""] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
        if (label !== "job" && !labels?.includes(label)) unknown.push(`${name}{${label}}`);
      }
    }
  }
  expect(unknown).toEqual([]);
  expect(expressions.filter((text) => text.includes("spindle_")).length).toBeGreaterThan(100);
});

test("what is read as recorded is recorded", () => {
  const used = expressions.flatMap((text) => Array.from(text.matchAll(/\bspindle:[\w:]+/g), ([name]) => name));
  expect(used.filter((name) => !recorded.has(name))).toEqual([]);
  expect(new Set(used).size).toBeGreaterThan(30);
});

test("each metric that is more than a detail is on a dashboard", () => {
  const shown = dashboards.map(({ expression }) => expression).join("\n");
  const named = Object.keys(metricLabels).filter((name) => !/_(count|sum|bucket)$/.test(name));
  expect(named.filter((name) => !shown.includes(name))).toEqual([]);
});

test("each alert has a severity, a summary, what to do, a runbook, and a test in which it fires", () => {
  const tests = readdirSync(join(root, "monitoring/tests"))
    .map((name) => read(`monitoring/tests/${name}`))
    .join("\n");
  const problems: string[] = [];
  for (const { name, text } of alerts()) {
    if (!/severity: (page|ticket)\n/.test(text)) problems.push(`${name}: severity`);
    if (!/summary: ".+"\n/.test(text)) problems.push(`${name}: summary`);
    if (!/description: ".{30,}"\n/.test(text)) problems.push(`${name}: description`);
    const runbook = /runbook_url: docs\/runbooks\/(\S+)/.exec(text)?.[1] ?? "none";
    if (!runbooks.includes(runbook)) problems.push(`${name}: runbook ${runbook}`);
    else if (!read(`docs/runbooks/${runbook}`).includes(`\`${name}\``)) problems.push(`${name}: its runbook does not name it`);
    if (!new RegExp(`alertname: ${name}\\n        exp_alerts:\\n          - exp_labels`).test(tests))
      problems.push(`${name}: test`);
  }
  expect(problems).toEqual([]);
  expect(alerts().length).toBeGreaterThan(30);
});

test("each runbook has an alert, or says why there is none, and stands in the list of them", () => {
  const list = read("docs/runbooks/README.md");
  const problems: string[] = [];
  for (const name of runbooks) {
    const text = read(`docs/runbooks/${name}`);
    const named = Array.from(text.matchAll(/^Alerts?: (.+)$/gm), ([, line = ""]) => line).join(" ");
    const known = alerts().filter((alert) => named.includes(`\`${alert.name}\``) && alert.text.includes(`docs/runbooks/${name}`));
    const isWithout = /^No alert: .{20,}$/m.test(text);
    if (known.length === 0 && !isWithout) problems.push(`${name}: no alert and no reason`);
    for (const [alert] of named.matchAll(/Spindle\w+/g)) {
      if (!known.some((one) => one.name === alert)) problems.push(`${name}: ${alert} leads elsewhere`);
    }
    if (!list.includes(`](${name})`)) problems.push(`${name}: not in the list`);
  }
  expect(problems).toEqual([]);
});
