//! Kernels, models, losses, optimisers and ensembles.
