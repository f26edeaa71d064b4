/** Column types that the databases name differently. */
export interface ColumnTypes {
  readonly bytes: "blob" | "bytea";
}
