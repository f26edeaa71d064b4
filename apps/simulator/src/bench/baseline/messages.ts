/** What a baseline server is told first. */
export interface BaselineConfig {
  /** PEM texts. */
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** What downloads send; null: there are none. */
  readonly file: string | null;
}

export type BaselineRequest =
  | { readonly kind: "configure"; readonly config: BaselineConfig }
  /** Write so many bytes to every connection. */
  | { readonly kind: "push"; readonly bytes: number };

export interface BaselineListening {
  readonly kind: "listening";
  readonly port: number;
}
