/** What kind of task a turn was: turns of one kind are compared with each other, because kinds differ in ease. */

/** Languages by the ending of a path, as far as it tells. */
const languages: Record<string, string> = {
  bash: "shell",
  c: "c",
  cc: "cpp",
  cpp: "cpp",
  cs: "csharp",
  css: "css",
  go: "go",
  h: "c",
  hpp: "cpp",
  html: "html",
  java: "java",
  js: "javascript",
  json: "json",
  jsx: "javascript",
  kt: "kotlin",
  lua: "lua",
  md: "markdown",
  mjs: "javascript",
  php: "php",
  py: "python",
  rb: "ruby",
  rs: "rust",
  scala: "scala",
  sh: "shell",
  sql: "sql",
  svelte: "svelte",
  swift: "swift",
  toml: "toml",
  ts: "typescript",
  tsx: "typescript",
  vue: "vue",
  yaml: "yaml",
  yml: "yaml",
};

/** The first whose words stand in the request. English only: other languages fall into `other`, which costs sharpness, not truth. */
const tasks: readonly [name: string, words: RegExp][] = [
  ["test", /\b(tests?|specs?|coverage)\b/i],
  ["fix", /\b(fix(es|ed)?|bugs?|broken|fail(s|ing|ed)?|crash(es)?|errors?|wrong|regression)\b/i],
  ["refactor", /\b(refactor|rename|move|extract|simplify|clean|split|inline)\b/i],
  ["document", /\b(doc(s|ument|umentation)?|readme|comments?|explain)\b/i],
  ["remove", /\b(remove|delete|drop)\b/i],
  ["add", /\b(add|create|implement|write|build|support|introduce|make)\b/i],
  ["change", /\b(change|update|replace|upgrade|bump|migrate|convert|set|adjust)\b/i],
];

/** The languages of the paths, the most frequent first, then by name. */
export function languagesOf(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
    const language = Object.hasOwn(languages, ending) ? languages[ending] : undefined;
    if (language) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1))
    .map(([language]) => language);
}

export function taskOf(request: string): string {
  return tasks.find(([, words]) => words.test(request))?.[0] ?? "other";
}

/** `typescript/fix`. It must be known before the turn works, so `paths` are those of the workspace, or of the thread's earlier changes. */
export function clusterOf(request: string, paths: readonly string[]): string {
  return `${languagesOf(paths)[0] ?? "any"}/${taskOf(request)}`;
}
