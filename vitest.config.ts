/** Two kinds of tests: plain ones on Node, and stories about the objects inside workerd. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { newServerKeys } from "./test/support/push-receiver.ts";

/** Another pair with each run: none is in a file. */
const vapid = newServerKeys();

export default defineConfig({
  test: {
    // What objects say of themselves is read where a test fails.
    silent: "passed-only",
    // Unless told, vitest leaves one core idle: half of a machine that has two.
    maxWorkers: "100%",
    projects: [
      { test: { name: "node", include: ["test/**/*.test.ts"], exclude: ["test/objects/**"], testTimeout: 30_000 } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // So that what is counted is told before a story is over.
            miniflare: {
              bindings: {
                SPINDLE_METRICS_INTERVAL_MS: "200",
                VAPID_PUBLIC_KEY: vapid.publicKey,
                VAPID_PRIVATE_KEY: vapid.privateKey,
              },
            },
          }),
        ],
        test: {
          name: "objects",
          testTimeout: 20_000,
          include: ["test/objects/**/*.test.ts"],
          globalSetup: ["test/objects/schema-server.ts", "test/objects/key-server.ts", "test/objects/webhook-examples.ts"],
        },
      },
    ],
  },
});
