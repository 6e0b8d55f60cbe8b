//! Measures of one snapshot: norms, gradients, Gram ratios, spectra.
