//! The names that a plan's keys take.

use dunwu_core as core;

/// Keys whose values are names, with all of them, sorted by key.
pub fn names() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("activation", core::Activation::names()),
        ("attention", core::Attention::names()),
        ("embedding", core::Embedding::names()),
        ("gradient_filter", core::GradientFilter::names()),
        ("hidden_init", core::Init::names()),
        ("interaction", core::Interaction::names()),
        ("loss", core::Loss::names()),
        ("loss_at", core::LossAt::names()),
        ("model", core::Model::names()),
        ("muon_coefficients", core::MuonCoefficients::names()),
        ("norm", core::Norm::names()),
        ("norm_place", core::NormPlace::names()),
        ("optimizer", core::Optimizer::names()),
        ("positions", core::Positions::names()),
        ("precision", core::Precision::names()),
        ("readout", core::Readout::names()),
        ("readout_init", core::Init::names()),
        ("schedule", core::Schedule::names()),
        ("split", core::SplitKind::names()),
        ("stop", core::Stop::names()),
        ("weights", core::Weights::names()),
    ]
}
