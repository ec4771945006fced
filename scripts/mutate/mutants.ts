/** What can be done to a contract so that some test should turn red: found in the compiler's syntax tree, one small change each. */
import { createHash } from "node:crypto";
import { all, below, child, children, range, text, type Node, type Range } from "./ast.ts";

/**
 * Kinds of change.
 * - guard: an `if (…) revert`, a `require` or a bare `revert` removed
 * - modifier: the use of a modifier removed
 * - part: one side of an `&&` or `||` removed
 * - boundary: `<` ↔ `<=`, `>` ↔ `>=`
 * - equality: `==` ↔ `!=` in a value
 * - branch: any other `if` removed, or always or never taken; one side of a `? :` always taken
 * - assignment, call, event: such a statement removed
 */
export type Operator = "guard" | "modifier" | "part" | "boundary" | "equality" | "branch" | "assignment" | "call" | "event";

/** One change of one file. */
export interface Mutant extends Range {
  /** Source path, e.g. `contracts/tokens/QDD.sol`. */
  readonly file: string;
  /** Names the change within its file whatever is edited elsewhere in it: place, operator, what it takes and gives. */
  readonly id: string;
  readonly operator: Operator;
  /** Line from 1. */
  readonly line: number;
  /** The function, modifier or constructor that it stands in. */
  readonly where: string;
  /** What the bytes from start to end become. */
  readonly replacement: string;
  /** Names that a test of this place is likely to speak of, the likeliest first. */
  readonly hints: readonly string[];
  /** Of a part the side that is taken away, which alone needs a switch. */
  readonly side: (Range & { readonly joinedBy: "&&" | "||" }) | undefined;
  /** Where it can be put behind a switch, see `switches.ts`: not for a modifier or a constructor, and not in a library, which cannot hold one. */
  readonly switch: SwitchPlace | undefined;
}

/** What has to be changed for a switch. */
export interface SwitchPlace {
  /** Offset just inside the braces of the contract. */
  readonly inside: number;
  /** The word `pure` of the function, which may not read a switch. */
  readonly pure: Range | undefined;
}

const BOUNDARY: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const EQUALITY: Readonly<Record<string, string>> = { "==": "!=", "!=": "==" };
/** Where a comparison is a value by itself; as a condition it is mutated as a guard or branch. */
const VALUES: ReadonlySet<string> = new Set(["Return", "VariableDeclarationStatement", "Assignment", "FunctionCall"]);

/** Where the walk is. */
interface Place {
  readonly contract: string;
  readonly function: string;
  /** Errors that the `if` around this node reverts with, the innermost first. */
  readonly errors: readonly string[];
  /** Whether it stands in an `if` that does nothing but revert, which is removed as a whole. */
  readonly guard: boolean;
  readonly switch: SwitchPlace | undefined;
  readonly parent: Node;
}

/** All mutants of a source file, in its order. Assembly and loop headers are left alone. */
export function findMutants(file: string, source: Buffer, ast: Node): Mutant[] {
  const finder = new Finder(file, source);
  finder.walk(ast, { contract: "", function: "", errors: [], guard: false, switch: undefined, parent: ast });
  return finder.mutants();
}

/** The source with one change made. */
export function mutate(source: Buffer, mutant: Mutant): string {
  return Buffer.concat([source.subarray(0, mutant.start), Buffer.from(mutant.replacement), source.subarray(mutant.end)]).toString();
}

const oneLine = (code: string): string => code.replace(/\s+/g, " ").trim();

class Finder {
  readonly #file: string;
  readonly #source: Buffer;
  readonly #found: (Omit<Mutant, "id"> & { name: string })[] = [];

  constructor(file: string, source: Buffer) {
    this.#file = file;
    this.#source = source;
  }

  /** What was found; several alike in one place are numbered. */
  mutants(): Mutant[] {
    const seen = new Map<string, number>();
    return this.#found.map(({ name, ...mutant }) => {
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return { ...mutant, id: count === 1 ? name : `${name} #${count}` };
    });
  }

  walk(node: Node, place: Place): void {
    const here = this.#enter(node, place);
    if (here === undefined) return;
    this.#mutateNode(node, here);
    for (const each of below(node)) {
      if (node.nodeType === "ForStatement" && each.field !== "body") continue;
      if (node.nodeType === "WhileStatement" && each.field !== "body") continue;
      this.walk(each.node, { ...here, parent: node });
    }
  }

  /** The place below a node; undefined where nothing below it is mutated. */
  #enter(node: Node, place: Place): Place | undefined {
    switch (node.nodeType) {
      case "InlineAssembly":
      case "UsingForDirective":
        return undefined;
      case "ContractDefinition":
        if (node.contractKind === "interface") return undefined;
        return { ...place, contract: text(node, "name"), switch: node.contractKind === "contract" ? { inside: this.#inside(node), pure: undefined } : undefined };
      case "FunctionDefinition":
      case "ModifierDefinition":
        return { ...place, function: text(node, "name") || text(node, "kind"), switch: place.switch === undefined ? undefined : { ...place.switch, pure: this.#pure(node) } };
      case "IfStatement": {
        const body = child(node, "trueBody")!;
        const errors = all(body, "RevertStatement").map((revert) => nameOf(child(child(revert, "errorCall")!, "expression")!));
        return { ...place, errors: [...errors, ...place.errors], guard: isGuard(node) };
      }
      default:
        return place;
    }
  }

  #mutateNode(node: Node, place: Place): void {
    switch (node.nodeType) {
      case "ModifierInvocation":
        if (node.kind === "modifierInvocation") this.#replace(node, "modifier", "", place);
        break;
      case "IfStatement":
        this.#mutateIf(node, place);
        break;
      case "Conditional":
        for (const side of ["trueExpression", "falseExpression"]) this.#replace(node, "branch", `(${this.#text(child(node, side)!)})`, place);
        break;
      case "BinaryOperation":
        this.#mutateOperation(node, place);
        break;
      case "ExpressionStatement":
        this.#mutateStatement(node, child(node, "expression")!, place);
        break;
      case "EmitStatement":
        this.#remove(node, "event", { ...place, errors: [nameOf(child(child(node, "eventCall")!, "expression")!)] });
        break;
      case "RevertStatement":
        if (!place.guard) this.#remove(node, "guard", place);
        break;
      case "UnaryOperation":
        this.#mutateCount(node, place);
        break;
      case "Assignment":
        if (place.parent.nodeType !== "ExpressionStatement" && node.operator === "=") this.#replace(node, "assignment", `(${this.#text(child(node, "rightHandSide")!)})`, place);
        break;
    }
  }

  #mutateIf(node: Node, place: Place): void {
    const condition = child(node, "condition")!;
    if (child(node, "falseBody") !== undefined) {
      for (const always of ["true", "false"]) this.#replace(condition, "branch", always, place);
      return;
    }
    if (place.guard) {
      this.#remove(node, "guard", place);
      return;
    }
    this.#remove(node, "branch", place);
    this.#replace(condition, "branch", "true", place);
  }

  #mutateOperation(node: Node, place: Place): void {
    const [left, right, operator] = [child(node, "leftExpression")!, child(node, "rightExpression")!, text(node, "operator")];
    if (operator === "&&" || operator === "||") {
      for (const [kept, side] of [[left, right], [right, left]] as const) this.#add(range(node), "part", this.#text(kept), place, { ...range(side), joinedBy: operator });
    }
    const kind = operator in BOUNDARY ? "boundary" : operator in EQUALITY && VALUES.has(place.parent.nodeType) ? "equality" : undefined;
    if (kind === undefined) return;
    const between = this.#source.subarray(range(left).end, range(right).start).toString();
    const other = (kind === "boundary" ? BOUNDARY : EQUALITY)[operator]!;
    this.#replace(node, kind, `${this.#text(left)}${between.replace(operator, other)}${this.#text(right)}`, place);
  }

  #mutateStatement(node: Node, expression: Node, place: Place): void {
    if (expression.nodeType === "Assignment") this.#remove(node, "assignment", place);
    if (expression.nodeType === "UnaryOperation") this.#remove(node, "assignment", place);
    if (expression.nodeType !== "FunctionCall") return;
    const name = nameOf(child(expression, "expression")!);
    this.#remove(node, ["require", "assert", "revert"].includes(name) ? "guard" : "call", place);
  }

  /** `++x` within an expression: the value without the effect. */
  #mutateCount(node: Node, place: Place): void {
    const operator = text(node, "operator");
    if (place.parent.nodeType === "ExpressionStatement" || (operator !== "++" && operator !== "--")) return;
    const operand = this.#text(child(node, "subExpression")!);
    this.#replace(node, "assignment", node.prefix === true ? `(${operand} ${operator[0]!} 1)` : operand, place);
  }

  /** A statement becomes an empty block. Its semicolon is no part of the node. */
  #remove(node: Node, operator: Operator, place: Place): void {
    const { start, end } = range(node);
    const semicolon = /^\s*;/.exec(this.#source.subarray(end, end + 200).toString())?.[0] ?? "";
    this.#add({ start, end: end + Buffer.byteLength(semicolon) }, operator, "{}", place);
  }

  #replace(node: Node, operator: Operator, replacement: string, place: Place): void {
    this.#add(range(node), operator, replacement, place);
  }

  #add({ start, end }: Range, operator: Operator, replacement: string, place: Place, side?: Mutant["side"]): void {
    const where = [place.contract, place.function].filter((name) => name !== "").join(".");
    const before = oneLine(this.#source.subarray(start, end).toString());
    const change = replacement === "{}" || replacement === "" ? before : `${before} → ${oneLine(replacement)}`;
    this.#found.push({
      ...{ file: this.#file, operator, where, start, end, replacement, side },
      line: this.#source.subarray(0, start).toString().split("\n").length,
      name: `${where}, ${operator}: ${change}`,
      hints: [...place.errors, place.function].filter((name) => name !== ""),
      // In a constructor the compiler knows the switch by its first value, and leaves out what it would switch on.
      switch: operator === "modifier" || place.function === "constructor" ? undefined : place.switch,
    });
  }

  /** Just inside a contract's braces. */
  #inside(contract: Node): number {
    const head = Math.max(range(contract).start, ...children(contract, "baseContracts").map((base) => range(base).end));
    return this.#source.indexOf("{", head) + 1;
  }

  /** The word `pure` in a function's head. */
  #pure(node: Node): Range | undefined {
    const body = child(node, "body");
    if (node.stateMutability !== "pure" || body === undefined) return undefined;
    const { start } = range(node);
    const at = this.#source.subarray(start, range(body).start).toString("latin1").search(/\bpure\b/);
    return at === -1 ? undefined : { start: start + at, end: start + at + "pure".length };
  }

  #text(node: Node): string {
    const { start, end } = range(node);
    return this.#source.subarray(start, end).toString();
  }
}

/** Whether an `if` has no `else` and does nothing but revert. */
function isGuard(node: Node): boolean {
  const body = child(node, "trueBody")!;
  const statements = body.nodeType === "Block" ? children(body, "statements") : [body];
  return child(node, "falseBody") === undefined && statements.length === 1 && statements[0]!.nodeType === "RevertStatement";
}

/** The last name of what is called: `f` of `f(…)`, `x.f(…)` and `x.f{gas: g}(…)`. */
function nameOf(callee: Node): string {
  const inner = child(callee, "expression");
  return text(callee, "memberName") || text(callee, "name") || (inner === undefined ? "" : nameOf(inner));
}

/** SHA-256 in hex. */
export const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
};
