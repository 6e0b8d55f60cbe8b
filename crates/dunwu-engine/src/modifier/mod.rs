//! Changes to the gradient before the optimiser sees it.
