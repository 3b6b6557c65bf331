/** Two builds of the page, one newer than the other, as a deployment puts one in the place of the other. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { projectRoot } from "../server.ts";

export interface Builds {
  /** What the server gives out; the first build until `deploySecond`. */
  folder: string;
  /** The server has to start again to know of it. Pages of it say so: `document.documentElement.dataset.build` is `second`. */
  deploySecond(): Promise<void>;
  remove(): void;
}

export function twoBuilds(): Builds {
  const folder = mkdtempSync(join(tmpdir(), "spindle-builds-"));
  cpSync(join(projectRoot, "web/app/dist"), folder, { recursive: true });
  return {
    folder,
    deploySecond: async () => {
      await build({
        configFile: join(projectRoot, "web/app/vite.config.ts"),
        root: join(projectRoot, "web/app"),
        logLevel: "error",
        build: { outDir: folder, emptyOutDir: true },
        plugins: [
          {
            name: "second-build",
            transform: (code, id) =>
              id.endsWith("/main.tsx") ? `${code}\ndocument.documentElement.dataset.build = "second";` : undefined,
          },
        ],
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
