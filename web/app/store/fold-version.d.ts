/** Of `reduce` and the protocol, given by the build: see `vite.config.ts`. */
declare const foldVersion: string;
