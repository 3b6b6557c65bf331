/** What `schema-server.ts` gives to the stories. */
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    schemaServer: string;
  }
}
