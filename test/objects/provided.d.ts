/** What `schema-server.ts` and `key-server.ts` give to the stories. */
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    schemaServer: string;
    keyServer: string;
  }
}
