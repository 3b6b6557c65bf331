/** Which models the operator's environment gives. */
import { expect, test } from "vitest";
import { type CatalogueOptions, createCatalogue } from "#models/catalogue";
import { rehearsalModelInfo } from "#models/rehearsal";

const catalogue = (options: Partial<CatalogueOptions>) =>
  createCatalogue({ newId: () => "id", sleep: async () => {}, ...options });

test("without a key there is the rehearsal alone, with the one effort it has", () => {
  const { models, defaultModel } = catalogue({ models: "gpt-a" });
  expect(models).toEqual([rehearsalModelInfo]);
  expect(models[0]).toMatchObject({ efforts: ["medium"], defaultEffort: "medium" });
  expect(defaultModel).toBe("rehearsal");
});

test("with a key the operator's list comes first, each name once, with the efforts that reasoning models have", () => {
  const { models, defaultModel } = catalogue({ apiKey: "key", models: " gpt-a, gpt-b,,gpt-a " });
  expect(models.map(({ id, efforts, defaultEffort }) => ({ id, efforts, defaultEffort }))).toEqual([
    { id: "gpt-a", efforts: ["low", "medium", "high"], defaultEffort: "medium" },
    { id: "gpt-b", efforts: ["low", "medium", "high"], defaultEffort: "medium" },
    { id: "rehearsal", efforts: ["medium"], defaultEffort: "medium" },
  ]);
  expect(defaultModel).toBe("gpt-a");
});

test("a name that nobody listed goes to the endpoint", () => {
  const { model } = catalogue({ apiKey: "key", models: "gpt-a" });
  expect(model("gpt-z")).toBe(model("gpt-a"));
  expect(model("rehearsal")).not.toBe(model("gpt-a"));
});
