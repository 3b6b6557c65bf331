/** What threads that begin here say who began them. */
export const clientName = "spindle-http";
