/** Why the workspace refused. The messages are those of Linux, as the real server's `fs/*` methods send them. */

export type WorkspaceErrorCode =
  | "notFound"
  | "isDirectory"
  | "notDirectory"
  | "alreadyExists"
  | "notEmpty"
  | "invalidPath"
  | "outside"
  | "tooLarge"
  | "full"
  | "unread";

/** The caller's failure. Nothing was changed when it is thrown, except where a caller's own transaction has to be rolled back. */
export class WorkspaceError extends Error {
  readonly code: WorkspaceErrorCode;

  constructor(code: WorkspaceErrorCode, message: string = messages[code]) {
    super(message);
    this.name = "WorkspaceError";
    this.code = code;
  }
}

/** A proposal was made on a base that is no longer there. `paths` are relative to the workspace, sorted. */
export class StaleError extends Error {
  readonly paths: string[];

  constructor(paths: string[]) {
    super(`the workspace changed since this was proposed: ${paths.join(", ")}`);
    this.name = "StaleError";
    this.paths = paths;
  }
}

const messages: Record<WorkspaceErrorCode, string> = {
  notFound: "No such file or directory (os error 2)",
  isDirectory: "Is a directory (os error 21)",
  notDirectory: "Not a directory (os error 20)",
  alreadyExists: "File exists (os error 17)",
  notEmpty: "Directory not empty (os error 39)",
  invalidPath: "Invalid argument (os error 22)",
  outside: "path is outside of the workspace",
  tooLarge: "File too large (os error 27)",
  full: "No space left on device (os error 28)",
  unread: "Input/output error (os error 5): the content is in the repository and was not read",
};
