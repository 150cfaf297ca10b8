/** What our client asks the language server beyond the protocol's own requests. */

/** What our client says of itself when it starts the server; any other may leave it out. */
export interface ClientOptions {
  /** its command that shows a file, given its URI and, where something is to be selected, `{selection}` */
  openCommand: string;
}

/** `attribution/ping`: an answer says that the server is alive. */
export const PING = 'attribution/ping';

/** `attribution/columnLineage`, with the parameters of a hover: what the column under the cursor is made of; null where there is none. */
export const COLUMN_LINEAGE = 'attribution/columnLineage';

/** `attribution/model`, with the parameters of a hover: the name of the model that the word under it names; null where it names none. */
export const MODEL_AT = 'attribution/model';

export interface ColumnLineage {
  /** the model in whose file the cursor is */
  model: string;
  /** `model.column` */
  column: string;
  /** by model, or `source.table`: the columns that take part */
  columns: Record<string, string[]>;
  /** between these */
  edges: { from: string; to: string }[];
}
