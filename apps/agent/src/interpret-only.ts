import { setFlagsFromString } from "node:v8";

/** V8's compilers, from the quick one for code that is warm to the ones for code that is hot. */
const COMPILERS = ["sparkplug", "maglev", "opt"];

/**
 * Keeps V8 from compiling what this process runs again and again; it is interpreted from now on. An agent that idles for
 * weeks would hold machine code, and the compilers' memory, for work that takes a millisecond every few seconds. What
 * takes time in an update, hashing and TLS, is not JavaScript.
 */
export function interpretOnly(): void {
  for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
}
