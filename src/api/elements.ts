/** An array of an answer that may be larger than memory: the field `key` of the outermost object. */
export interface Elements {
  readonly key: string;
  /** Called once for each try; what it returns is called with each element, parsed. */
  begin(): (element: unknown) => void;
}
