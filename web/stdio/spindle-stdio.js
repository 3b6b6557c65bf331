#!/usr/bin/env node
import { launch } from "./launch.js";

await launch("spindle-stdio", new URL("main.ts", import.meta.url));
