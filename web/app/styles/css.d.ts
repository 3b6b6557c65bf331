/** Vite takes styles in by import. */
declare module "*.css";
