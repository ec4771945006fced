/**
 * Seeded uniform numbers in [0, 1): xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003, triple 13, 17, 5). Good enough to
 * make roads; not for keys.
 */
export function randomOf(seed: number): () => number {
  // Spread small seeds over all bits, and keep clear of 0, the one state that never changes.
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x7f4a7c15) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
