pragma circom 2.1.0;

include "circomlib/circuits/poseidon.circom";
include "lib/BatchKey.circom";
include "lib/Domains.circom";

/*
 * SegmentKey: who knows the key of a batch shows that one segment is sealed with the given key, without telling any other.
 *
 *   commitment_i = Poseidon(DOM_KEY, k_i), k = k_0 + k_1 mod p
 *   intervalKey = Poseidon(DOM_INTERVAL, k, interval)
 *   segmentKey = Poseidon(DOM_SEGMENT, intervalKey, segment)
 *
 * It binds neither deal nor prover, on purpose: it is a fact about a header, which holds in every complaint about that
 * header and whoever brings it. Neither k nor the interval key can be computed from the segment key.
 *
 * All public signals are inputs, in the order of declaration: commitment[2], interval, segment, segmentKey. interval and
 * segment take any field element; whoever verifies puts in numbers of 32 bits, as they stand in the leaf.
 *
 * What is constrained here and in lib/, by the numbers that run through all circuits:
 *
 *  [9]  commitment_i commits to k_i                                                     lib/Commitment.circom
 *  [11] the batch key is the sum of both parts                                          lib/BatchKey.circom
 *  [12] segmentKey is that of the interval and segment
 */
template SegmentKey() {
    // PUBLIC
    signal input commitment[2];  // Poseidon(DOM_KEY, k_i), from the anchored header
    signal input interval;       // in the batch, from 0
    signal input segment;        // in the interval, from 0
    signal input segmentKey;     // the ChaCha20 key, 32 bytes big-endian
    // PRIVATE
    signal input k[2];           // the parts of the batch key

    component batch = BatchKey();
    for (var i = 0; i < 2; i++) {
        batch.commitment[i] <== commitment[i];
        batch.k[i] <== k[i];
    }

    component ofInterval = Poseidon(3);
    ofInterval.inputs[0] <== DOM_INTERVAL();
    ofInterval.inputs[1] <== batch.key;
    ofInterval.inputs[2] <== interval;

    component ofSegment = Poseidon(3);
    ofSegment.inputs[0] <== DOM_SEGMENT();
    ofSegment.inputs[1] <== ofInterval.out;
    ofSegment.inputs[2] <== segment;
    segmentKey === ofSegment.out; // [12]
}
