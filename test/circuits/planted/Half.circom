pragma circom 2.1.0;

/* A circuit that is wrong on purpose: nothing ties the output to the input. The analyser has to find it. */
template Half() {
    signal input in;
    signal output out;
    out <-- in >> 1;
}
