/** Walking the compiler's syntax tree, as far as mutation needs it. */

/** A node of solc's AST. Its fields differ by `nodeType`; those that are used are read through the functions below. */
export interface Node {
  readonly nodeType: string;
  /** `start:length:file`, in bytes of the source. */
  readonly src: string;
  readonly [field: string]: unknown;
}

/** Whether a field's value is a node. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { nodeType?: unknown }).nodeType === "string";
}

/** The node in a field, or undefined. */
export function child(node: Node, field: string): Node | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The nodes of a list in a field; empty where there is none. */
export function children(node: Node, field: string): Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The text in a field, "" where there is none. */
export function text(node: Node, field: string): string {
  const value = node[field];
  return typeof value === "string" ? value : "";
}

/** Every node directly below, with the field that it stands in, in the order of the source. */
export function below(node: Node): { field: string; node: Node }[] {
  const found = Object.entries(node).flatMap(([field, value]) => (Array.isArray(value) ? value : [value]).filter(isNode).map((each: Node) => ({ field, node: each })));
  return found.sort((a, b) => range(a.node).start - range(b.node).start);
}

/** Every node of a type at or below a node. */
export function all(node: Node, nodeType: string): Node[] {
  return [...(node.nodeType === nodeType ? [node] : []), ...below(node).flatMap((each) => all(each.node, nodeType))];
}

/** Bytes from `start` to before `end` of the source. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where a node stands. */
export function range(node: Node): Range {
  const [start, length] = node.src.split(":").map(Number) as [number, number];
  return { start, end: start + length };
}
