/** What `schema-server.ts`, `key-server.ts` and `webhook-examples.ts` give to the stories. */
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    schemaServer: string;
    keyServer: string;
    webhookExamples: string;
  }
}
