pragma circom 2.1.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";
include "lib/BatchKey.circom";
include "lib/Domains.circom";

/*
 * Possession: the prover knows the key of a batch at the time when it is asked (CarChain's pseudo-random function).
 *
 *   commitment_i = Poseidon(DOM_KEY, k_i), k = k_0 + k_1 mod p
 *   answer = Poseidon(DOM_PRF, k, nonce, prover)
 *
 * The nonce is chosen by who asks and was not known before, so that no stored proof fits; the prover's address keeps a
 * proof from being shown by someone else as his own. It means "can deliver" and no more: not that the data is right, and
 * not that the prover has no friend who answers for him. The answer is determined by its inputs, while proofs are not:
 * whoever compares two replies compares answers.
 *
 * All public signals are inputs, in the order of declaration: commitment[2], nonce, prover, answer. Both numbers are
 * checked for their length here, so that no proof exists for an address with anything above its 160 bits.
 *
 * What is constrained here and in lib/, by the numbers that run through all circuits:
 *
 *  [9]  commitment_i commits to k_i                                                     lib/Commitment.circom
 *  [11] the batch key is the sum of both parts                                          lib/BatchKey.circom
 *  [13] Num2Bits(248): the nonce is below 2^248
 *  [14] Num2Bits(160): the prover is below 2^160
 *  [15] answer is that of the key, the nonce and the prover
 */
template Possession() {
    // PUBLIC
    signal input commitment[2];  // Poseidon(DOM_KEY, k_i), from the anchored header
    signal input nonce;          // 248 bits, from who asks
    signal input prover;         // address, as a number
    signal input answer;         // Poseidon(DOM_PRF, k, nonce, prover)
    // PRIVATE
    signal input k[2];           // the parts of the batch key

    component batch = BatchKey();
    for (var i = 0; i < 2; i++) {
        batch.commitment[i] <== commitment[i];
        batch.k[i] <== k[i];
    }

    component nonceBits = Num2Bits(248); // [13]
    nonceBits.in <== nonce;
    component proverBits = Num2Bits(160); // [14]
    proverBits.in <== prover;

    component prf = Poseidon(4);
    prf.inputs[0] <== DOM_PRF();
    prf.inputs[1] <== batch.key;
    prf.inputs[2] <== nonce;
    prf.inputs[3] <== prover;
    answer === prf.out; // [15]
}
