pragma circom 2.1.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/escalarmulany.circom";
include "circomlib/circuits/escalarmulfix.circom";
include "circomlib/circuits/poseidon.circom";
include "lib/BuyerKey.circom";
include "lib/Commitment.circom";
include "lib/Domains.circom";

/*
 * KeyDelivery(m): the seller shows that m ciphertexts open, for the holder of one delivery key and in one context, to
 * the keys behind m commitments.
 *
 *   R = r·Base8                          what the buyer multiplies by his secret d: S = d·(8R)
 *   S = r·(8P)                           the same point on the seller's side
 *   K = Poseidon(DOM_KDF, S.x, S.y, context)
 *   c_i = k_i + Poseidon(DOM_WRAP, K, i) mod p
 *   commitment_i = Poseidon(DOM_KEY, k_i)
 *
 * There is no tag: the commitment authenticates the key. The context (deal and page) enters K, so that the same r
 * in two deals never gives the same pad. R and c are public *inputs*, because circom lists outputs before inputs; the
 * order of the public signals is then the order of declaration: context, P.x, P.y, commitment[m], R.x, R.y, c[m].
 * With fewer lots than m the last one is repeated (its index differs, hence its pad).
 *
 * r lies in 1 .. 2^250 - 1. One decomposition feeds both multiplications, so R and S cannot come from different
 * scalars, and 2^250 is below both p and the order l: neither r + p nor r + l can be written with these bits.
 * In EscalarMulAny every summand is a multiple of a point of order l by at most 2^148 (segments of 148 bits); equal or
 * opposite summands would need two such multiples to meet modulo l > 2^250, so its incomplete additions never leave
 * their domain. In EscalarMulFix the accumulator starts at 2^250·Base8 and stays below l until its last window, which
 * adds at most 2^249·Base8: equality is impossible, and only the two r whose low 249 bits bring that sum to exactly l
 * have no witness (a chance of 2^-249 for a hashed r).
 *
 * What is constrained here and in lib/, one by one; each number has its test and its turn in the deletion script (numbers
 * run through all circuits, so that a line which circuits share has one):
 *
 *  [1]  BabyCheck: P is on the curve                                                      lib/BuyerKey.circom
 *  [2]  8P != O: no key of small order                                                    lib/BuyerKey.circom
 *  [3]  P8.x is the x of 8P                                                               lib/BuyerKey.circom
 *  [4]  P8.y is the y of 8P                                                               lib/BuyerKey.circom
 *  [5]  Num2Bits(250): the bits are 250 zeros and ones and make r
 *  [6]  r != 0: with r = 0 the shared point is O and anyone opens the ciphertexts
 *  [7]  R.x is that of r·Base8
 *  [8]  R.y is that of r·Base8
 *  [9]  commitment_i commits to k_i                                                     lib/Commitment.circom
 *  [10] c_i is k_i under the pad of (K, i)
 */
template KeyDelivery(m) {
    var BASE8[2] = [
        5299619240641551281634865583518297030282874472190772894086521144482721001553,
        16950150798460657717958625567821834550301663161624707787222815936182638968203
    ];

    // PUBLIC
    signal input context;        // keccak256(domain, chain, exchange, deal, page) >> 8
    signal input P[2];           // the buyer's delivery key, from the deal's terms
    signal input commitment[m];  // Poseidon(DOM_KEY, k_i), from the anchored headers
    signal input R[2];           // r·Base8
    signal input c[m];           // the wrapped keys
    // PRIVATE
    signal input r;              // 1 .. 2^250 - 1
    signal input k[m];           // the batch keys

    // 1. The buyer's key is usable.
    component key = BuyerKey();
    key.P[0] <== P[0];
    key.P[1] <== P[1];

    // 2. One scalar, not zero, in one set of bits.
    component bits = Num2Bits(250); // [5]
    bits.in <== r;
    signal inverse;
    inverse <-- r != 0 ? 1 / r : 0;
    r * inverse === 1; // [6]

    // 3. R = r·Base8 and S = r·(8P).
    component toR = EscalarMulFix(250, BASE8);
    component toS = EscalarMulAny(250);
    for (var i = 0; i < 250; i++) {
        toR.e[i] <== bits.out[i];
        toS.e[i] <== bits.out[i];
    }
    toS.p[0] <== key.P8[0];
    toS.p[1] <== key.P8[1];
    R[0] === toR.out[0]; // [7]
    R[1] === toR.out[1]; // [8]

    // 4. The shared key, bound to the deal and page.
    component kdf = Poseidon(4);
    kdf.inputs[0] <== DOM_KDF();
    kdf.inputs[1] <== toS.out[0];
    kdf.inputs[2] <== toS.out[1];
    kdf.inputs[3] <== context;

    // 5. Each key is the committed one, and the wrapped one.
    component commit[m];
    component pad[m];
    for (var i = 0; i < m; i++) {
        commit[i] = Commitment();
        commit[i].k <== k[i];
        commit[i].commitment <== commitment[i];

        pad[i] = Poseidon(3);
        pad[i].inputs[0] <== DOM_WRAP();
        pad[i].inputs[1] <== kdf.out;
        pad[i].inputs[2] <== i;
        c[i] === k[i] + pad[i].out; // [10]
    }
}
