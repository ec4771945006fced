/** Names that something was done or said for, so that it is not done or said again at once. Forgets the oldest: nothing may depend on it but work saved. */
export class Recent {
  readonly #names = new Set<string>();
  readonly #most: number;

  constructor(most = 10_000) {
    this.#most = most;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @returns whether the name is new */
  add(name: string): boolean {
    if (this.#names.has(name)) return false;
    if (this.#names.size >= this.#most) this.#names.delete(this.#names.values().next().value!);
    this.#names.add(name);
    return true;
  }

  delete(name: string): void {
    this.#names.delete(name);
  }
}
