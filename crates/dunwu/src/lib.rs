//! The laboratory: plans in, trained networks, findings and pages out.
