/** `npm run protocol`: brings the generated pages up to date with the method table. */
import { writeFileSync } from "node:fs";
import { pages } from "./pages.ts";

for (const [path, text] of Object.entries(await pages())) {
  writeFileSync(new URL(`../../${path}`, import.meta.url), text);
  console.log(`${path}: ${text.split("\n").length} lines`);
}
