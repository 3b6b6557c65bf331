/** What the dashboards of monitoring/dashboards ask Prometheus. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../server.ts";

export interface DashboardExpression {
  /** `spindle-turns.json: First word` */
  place: string;
  expression: string;
}

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
  annotations: { list: { name: string; expr: string }[] };
}

/** With Grafana's variables as their authors would have them on the first visit. */
export function dashboardExpressions(): DashboardExpression[] {
  const folder = join(projectRoot, "monitoring/dashboards");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const { panels, annotations } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Dashboard;
      const asked = [
        ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr }))),
        ...annotations.list.map(({ name: title, expr }) => ({ title, expr })),
      ];
      return asked.map(({ title, expr }) => ({ place: `${name}: ${title}`, expression: expr.replaceAll("$job", "spindle.*") }));
    });
}
