/** Fetches artifacts from where manifests say they are. */
export interface ArtifactFetcher {
  /**
   * The content behind an https address, as it arrives. Ends with `MIRROR_DESTINATION_FORBIDDEN`, `MIRROR_FETCH_FAILED`,
   * `MIRROR_TOO_LARGE` (over `maxBytes`), or the signal's own reason. Tries once: the caller retries.
   */
  fetch(url: string, options: FetchOptions): AsyncIterable<Uint8Array>;
}

export interface FetchOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}
