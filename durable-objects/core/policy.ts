/** Who has to be asked before what. Pure: the same command under the same policy always gets the same verdict. */
import type { Grants } from "#core/thread";
import type { CommandAction } from "#protocol/item";
import type { ApprovalPolicy } from "#protocol/thread";

export type Verdict = "allow" | "ask";

/**
 * `untrusted` asks before every command that is not a plain read. Under the other policies commands run freely, because they only
 * touch an overlay: what they changed is judged afterwards by `judgeChanges`.
 */
export function judgeCommand(command: string, policy: ApprovalPolicy, grants: Grants): Verdict {
  if (policy !== "untrusted") return "allow";
  if (grants.commands.includes(command)) return "allow";
  return isPlainRead(command) ? "allow" : "ask";
}

/** Changes ask, unless the policy is `never` or somebody allowed changes of each of these files for the session. */
export function judgeChanges(policy: ApprovalPolicy, grants: Grants, paths: readonly string[]): Verdict {
  const isGranted = paths.length > 0 && paths.every((path) => grants.paths?.includes(path));
  return policy === "never" || isGranted ? "allow" : "ask";
}

/** Commands that only look. Those that can write by an option are listed with the options that make them write. */
const readers: Record<string, readonly string[]> = {
  "[": [],
  base64: [],
  basename: [],
  cat: [],
  cd: [],
  cmp: [],
  column: [],
  comm: [],
  cut: [],
  date: ["-s", "--set"],
  diff: [],
  dirname: [],
  du: [],
  echo: [],
  egrep: [],
  exit: [],
  expr: [],
  false: [],
  fgrep: [],
  file: [],
  find: ["-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fprintf", "-fls"],
  fold: [],
  grep: [],
  head: [],
  hostname: [],
  jq: [],
  join: [],
  ls: [],
  md5sum: [],
  nl: [],
  od: [],
  paste: [],
  printf: [],
  pwd: [],
  readlink: [],
  realpath: [],
  rev: [],
  rg: ["--pre", "--hostname-bin", "-z", "--search-zip"],
  seq: [],
  sha1sum: [],
  sha256sum: [],
  sleep: [],
  sort: ["-o", "--output"],
  stat: [],
  strings: [],
  tac: [],
  tail: [],
  test: [],
  tr: [],
  tree: ["-o"],
  true: [],
  uniq: [],
  wc: [],
  which: [],
  whoami: [],
};

/**
 * True when each part of a pipeline or list is a command that only looks, spelled plainly: no redirection, substitution, assignment,
 * subshell, background job or control word. Anything it does not understand is not a plain read.
 */
export function isPlainRead(command: string): boolean {
  const parts = splitCommand(command);
  return parts !== null && parts.length > 0 && parts.every(isReader);
}

/** What a client may show instead of the raw command. Source: `CommandAction` of Codex app-server 0.169.0. */
export function commandActions(command: string): CommandAction[] {
  const parts = splitCommand(command);
  if (!parts?.every(isReader)) return [{ type: "unknown", command }];
  const actions = parts.map(([name = "", ...words]): CommandAction => {
    const spelled = [name, ...words].join(" ");
    const plain = words.filter((word) => !word.startsWith("-"));
    if (name === "ls" || name === "tree" || name === "find")
      return { type: "listFiles", command: spelled, path: plain[0] ?? null };
    if (name === "rg" || name === "grep" || name === "egrep" || name === "fgrep") {
      return { type: "search", command: spelled, query: plain[0] ?? null, path: plain[1] ?? null };
    }
    const path = plain.at(-1);
    if (["cat", "head", "tail", "nl"].includes(name) && path && parts.length === 1) {
      return { type: "read", command: spelled, name: path.split("/").at(-1) ?? path, path };
    }
    return { type: "unknown", command: spelled };
  });
  return actions.length > 0 ? actions : [{ type: "unknown", command }];
}

function isReader(command: string[]): boolean {
  const [name, ...words] = command[0] === "!" ? command.slice(1) : command;
  const writingOptions = name === undefined || !Object.hasOwn(readers, name) ? undefined : readers[name];
  if (!writingOptions) return false;
  // A second plain word of `uniq` names a file to write.
  if (name === "uniq" && words.filter((word) => !word.startsWith("-")).length > 1) return false;
  return !words.some((word) =>
    writingOptions.some((option) => word === option || word.startsWith(`${option}=`) || isAttached(word, option)),
  );
}

/** `-ofile` and `-ro file` carry the short option `-o` as well as `-o file` does. */
function isAttached(word: string, option: string): boolean {
  return option.length === 2 && word.startsWith("-") && !word.startsWith("--") && word.includes(option.charAt(1));
}

/** The simple commands of a line, each as words; null when the line holds anything but simple commands joined by | ; && || or line ends. */
function splitCommand(command: string): string[][] | null {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | null = null;
  const endWord = () => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let index = 0; index < command.length; index++) {
    const character = command.charAt(index);
    if (character === "'") {
      const end = command.indexOf("'", index + 1);
      if (end < 0) return null;
      word = (word ?? "") + command.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      const end = command.indexOf('"', index + 1);
      if (end < 0) return null;
      const quoted = command.slice(index + 1, end);
      if (/[$`\\!]/.test(quoted)) return null;
      word = (word ?? "") + quoted;
      index = end;
    } else if (character === " " || character === "\t") {
      endWord();
    } else if (character === "|" || character === ";" || character === "\n") {
      if (character === "|" && command.charAt(index + 1) === "&") return null;
      if (character === "|" && command.charAt(index + 1) === "|") index++;
      endCommand();
    } else if (character === "&") {
      if (command.charAt(index + 1) !== "&") return null;
      index++;
      endCommand();
    } else if (character === "!" && word === null && /^(\s|$)/.test(command.slice(index + 1, index + 2))) {
      // A word of its own only turns an exit code around.
      word = character;
    } else if ("<>$`\\(){}!#~".includes(character)) {
      return null;
    } else if (character === "=" && words.length === 0) {
      return null;
    } else {
      word = (word ?? "") + character;
    }
  }
  endCommand();
  return commands;
}
