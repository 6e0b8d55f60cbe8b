//! What one run of a comparison came to.

use crate::Account;
use dunwu_core::{Curve, StopReason};
use serde::{Deserialize, Serialize};

/// Epochs of first crossings; None if there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochsTo {
    /// Training accuracy 0.99.
    pub train_99: Option<u64>,
    /// Held-out accuracy 0.5.
    pub test_50: Option<u64>,
    /// Held-out accuracy 0.99.
    pub test_99: Option<u64>,
}

/// Epochs from which held-out accuracy stays to the end; None if it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossings {
    /// At 0.5 or above.
    pub test_50: Option<u64>,
    /// At 0.99 or above.
    pub test_99: Option<u64>,
}

/// Scores at the last epoch; None where there is none or it is not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Final {
    /// Accuracy on training rows.
    pub train_acc: Option<f64>,
    /// Accuracy on held-out rows.
    pub test_acc: Option<f64>,
    /// Loss on training rows.
    pub train_loss: Option<f64>,
    /// Loss on held-out rows.
    pub test_loss: Option<f64>,
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// First crossings.
    pub epochs_to: EpochsTo,
    /// Sustained crossings.
    pub sustained: Crossings,
    /// The last scores.
    #[serde(rename = "final")]
    pub last: Final,
    /// Why it ended.
    pub stopped: String,
    /// Whether a number stopped being finite: such a run sustains nothing.
    pub diverged: bool,
}

impl Outcome {
    /// What the readings of a run come to.
    pub fn of(seed: u64, curve: &Curve, account: &Account, stopped: &StopReason) -> Self {
        let last = |column: &str| {
            let point = curve.points(column).last();
            point.map(|p| p.1).filter(|x| x.is_finite())
        };
        let diverged = matches!(stopped, StopReason::Diverged { .. });
        let stays = |epoch: Option<u64>| epoch.filter(|_| !diverged);
        Self {
            seed,
            epochs_to: EpochsTo {
                train_99: account.train_99.first,
                test_50: account.test_50.first,
                test_99: account.test_99.first,
            },
            sustained: Crossings {
                test_50: stays(account.test_50.sustained),
                test_99: stays(account.test_99.sustained),
            },
            last: Final {
                train_acc: last("train_acc"),
                test_acc: last("test_acc"),
                train_loss: last("train_loss"),
                test_loss: last("test_loss"),
            },
            stopped: stopped.phrase(),
            diverged,
        }
    }
}
