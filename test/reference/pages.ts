/** Everything that `npm run protocol` writes, by its path below the project's root. */
import { openApi } from "../../workers/http/openapi.ts";
import { bindings } from "./bindings.ts";
import { compatibilityPage } from "./compatibility-page.ts";
import { readProtocol } from "./definitions.ts";
import { metricsPage } from "./metrics-page.ts";
import { referencePage } from "./reference-page.ts";
import { schemaBundle } from "./schema-bundle.ts";

export async function pages(): Promise<Record<string, string>> {
  const protocol = await readProtocol();
  return {
    "docs/protocol.md": referencePage(protocol),
    "docs/protocol.schema.json": schemaBundle(protocol),
    "docs/protocol.d.ts": bindings(protocol),
    "docs/compatibility.md": compatibilityPage(protocol),
    "docs/metrics.md": metricsPage(),
    "docs/openapi.json": `${JSON.stringify(openApi(), null, 2)}\n`,
  };
}
