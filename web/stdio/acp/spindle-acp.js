#!/usr/bin/env node
import { launch } from "../launch.js";

await launch("spindle-acp", new URL("main.ts", import.meta.url));
