//! Which signals are drawn together, and what they mean.

use crate::scale::{Format, Spread};

/// Columns of a curve that share one chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// Name of the chart and its file.
    pub(crate) name: &'static str,
    /// Place on the page, from the top.
    pub(crate) rank: u8,
    /// Title, in plain words.
    pub(crate) title: &'static str,
    /// What to look for, in one or two sentences.
    pub(crate) help: &'static str,
    /// How values are spread.
    pub(crate) spread: Spread,
    /// How values are written.
    pub(crate) format: Format,
    /// Columns and the labels of their lines.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// Whether columns `name.X` belong here too, with X as label.
    pub(crate) layers: bool,
}

const fn family(
    name: &'static str,
    rank: u8,
    spread: Spread,
    title: &'static str,
    help: &'static str,
) -> Family {
    Family {
        name,
        rank,
        title,
        help,
        spread,
        format: Format::Number,
        columns: &[],
        layers: false,
    }
}

const fn layered(
    name: &'static str,
    rank: u8,
    spread: Spread,
    title: &'static str,
    help: &'static str,
) -> Family {
    Family {
        layers: true,
        ..family(name, rank, spread, title, help)
    }
}

use Spread::{Linear, Log};

/// Every family, sorted by name.
pub(crate) const ALL: &[Family] = &[
    Family {
        format: Format::Percent,
        columns: &[
            ("train_acc", "train"),
            ("test_acc", "test"),
            ("noisy_acc", "noisy"),
            ("noisy_clean_acc", "noisy, true"),
        ],
        ..family(
            "accuracy",
            0,
            Linear,
            "Accuracy: share of right answers",
            "Train are the examples the network learns from; test are examples it never sees. A train line that rises \
             long before the test line is memorising first, understanding later.",
        )
    },
    layered(
        "attention_entropy",
        15,
        Linear,
        "How many positions a head looks at (entropy, nats)",
        "Layer and head. 0 when a head looks at a single position, log n when it looks at n alike.",
    ),
    Family {
        format: Format::Percent,
        ..layered(
            "attention_first",
            16,
            Linear,
            "Attention on the first position",
            "Layer and head: the share of a head's attention that later positions give to the first one. A head that \
             gives it most of its attention whatever stands there has made a sink of it.",
        )
    },
    Family {
        columns: &[("embedding_entropy", "entropy")],
        ..family(
            "embedding_entropy",
            17,
            Linear,
            "Spread of the embedding over features (entropy, nats)",
            "High when all features of the task are in the vectors of the tokens, low when a few key features are left.",
        )
    },
    Family {
        columns: &[("embedding_keys", "keys")],
        ..family(
            "embedding_keys",
            18,
            Linear,
            "Key features: fewest that carry 85 % of the embedding",
            "A network that has found the rule of a modular sum keeps a handful of frequencies.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("embedding_top", "largest")],
        ..family(
            "embedding_top",
            19,
            Linear,
            "Largest share of one feature in the embedding",
            "How much of the vectors of the tokens is the strongest feature of the task.",
        )
    },
    Family {
        columns: &[
            ("restricted_loss", "restricted"),
            ("restricted_loss_all", "restricted, all rows"),
            ("excluded_loss", "excluded"),
        ],
        ..family(
            "excluded_loss",
            30,
            Log,
            "Loss of the key features alone, and without them (nats)",
            "Restricted: of nothing but the key features of the outputs and their mean row, on held-out rows and on all. Excluded: without \
             them, on the rows trained on. The keys are those of each moment: many that carry little say nothing.",
        )
    },
    Family {
        columns: &[("feature_entropy", "entropy")],
        ..family(
            "feature_entropy",
            12,
            Linear,
            "Spread of neurons over features (entropy, nats)",
            "High when the neurons are shared evenly among the features, 0 when all prefer the same one.",
        )
    },
    Family {
        columns: &[("features_covered", "covered")],
        ..family(
            "features_covered",
            11,
            Linear,
            "Features covered",
            "How many different features at least one neuron has learned cleanly.",
        )
    },
    Family {
        columns: &[("grad_f", "centred"), ("grad_f_code", "coded")],
        ..family(
            "grad_f",
            2,
            Log,
            "Learning signal at the hidden layer, ‖G_F‖",
            "What the readout asks of the hidden neurons (“coded” is the form that published code reports). It is small while only the readout learns, grows \
             while features form, and dies away when the rule is found.",
        )
    },
    layered(
        "grad_norm",
        7,
        Log,
        "Gradient norm of each layer",
        "Length of the gradient. W is the hidden layer, V the readout.",
    ),
    Family {
        columns: &[
            ("gram_ff", "neurons"),
            ("gram_pfft", "samples"),
            ("gram_ideal", "ideal"),
        ],
        ..family(
            "gram",
            4,
            Log,
            "Interaction: off-diagonal against diagonal of the Gram matrices",
            "How much neurons (F̃ᵀF̃) and samples (PFFᵀ) overlap, and how far FFᵀ is from its ideal form. Near 0 each \
             neuron learns on its own; a rise means they start to feel each other.",
        )
    },
    Family {
        columns: &[("ipr", "ipr")],
        ..family(
            "ipr",
            13,
            Linear,
            "Concentration of the neurons' spectra (inverse participation ratio)",
            "1 when each neuron listens to one frequency, small when it listens to all a little.",
        )
    },
    Family {
        columns: &[("key_features", "keys")],
        ..family(
            "key_features",
            31,
            Linear,
            "Key features: fewest with 95 % of what the outputs have of the right answer",
            "A network that has found the rule of a group answers with a handful.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("key_share", "keys")],
        ..family(
            "key_share",
            32,
            Linear,
            "The key features' part of the outputs",
            "Small while answers are remembered ones, however many features are key; nearly all once the rule gives them.",
        )
    },
    Family {
        columns: &[
            ("train_loss", "train"),
            ("test_loss", "test"),
            ("noisy_loss", "noisy"),
        ],
        ..family(
            "loss",
            1,
            Log,
            "Loss: how wrong the answers are",
            "The number that training pushes down, on a log axis. The test loss often rises while the network \
             memorises and falls only when it understands.",
        )
    },
    Family {
        columns: &[("lr", "lr")],
        ..family(
            "lr",
            14,
            Log,
            "Learning rate",
            "The step size, where the schedule changes it.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("nodes_85", "85 %"), ("nodes_95", "95 %")],
        ..family(
            "nodes",
            33,
            Linear,
            "Hidden nodes of one feature",
            "The share of live hidden nodes of which one feature is 85 or 95 % of the power over the whole table.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("purity", "purity")],
        ..family(
            "purity",
            10,
            Linear,
            "Purity of the neurons",
            "How much of a neuron's weights belongs to its favourite feature, on average. Random weights score low; \
             neurons that found a feature score near 100 %.",
        )
    },
    layered(
        "rank",
        9,
        Linear,
        "Effective rank of each layer",
        "How many independent directions the weights use. It falls when a few features replace many random ones.",
    ),
    Family {
        columns: &[("sigma23", "σ₂/σ₃"), ("gram23", "squared")],
        ..family(
            "sigma23",
            5,
            Log,
            "Order in the updates, σ₂/σ₃ of the last 20",
            "Near 1 while updates point in many directions; a steep rise says that the neurons now move together \
             along few directions. Its square is what arXiv 2605.08119 prints.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("sinks", "heads")],
        ..family(
            "sinks",
            20,
            Linear,
            "Heads that sink: share with a mean above 0.3 on the first position",
            "The sink measure of arXiv 2410.10781.",
        )
    },
    layered(
        "update_cos",
        3,
        Log,
        "Turning of the updates, 1 − cosine",
        "0 when each update points the same way as the last, 1 when it is at a right angle. W is the hidden layer, V \
         the readout.",
    ),
    layered(
        "update_norm",
        6,
        Log,
        "Size of the updates of each layer",
        "How far each layer moves in one epoch. When V moves and W hardly does, learning is lazy.",
    ),
    layered(
        "value_first",
        21,
        Log,
        "Norm of the first position's value over that of the others",
        "Layer and head. A sink gives attention somewhere to go without changing anything: its value is drained to nearly 0.",
    ),
    layered(
        "weight_norm",
        8,
        Log,
        "Weight norm of each layer",
        "Length of the weights. Memorising needs large weights; weight decay then pulls towards the simpler rule.",
    ),
];

/// The family that a column belongs to, and the label of its line there.
pub(crate) fn of_column(column: &str) -> Option<(&'static Family, String)> {
    ALL.iter().find_map(|family| {
        let fixed = family
            .columns
            .iter()
            .find(|(c, _)| *c == column)
            .map(|(_, label)| (*label).to_owned());
        let layer = || {
            column
                .strip_prefix(family.name)?
                .strip_prefix('.')
                .map(str::to_owned)
        };
        fixed
            .or_else(|| family.layers.then(layer)?)
            .map(|label| (family, label))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_ranks_differ() {
        assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
        let mut ranks: Vec<u8> = ALL.iter().map(|f| f.rank).collect();
        ranks.sort_unstable();
        assert!(ranks.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn columns_find_their_family() {
        let name = |column| of_column(column).map(|(f, label)| (f.name, label));
        assert_eq!(
            name("update_cos.hidden.0"),
            Some(("update_cos", "hidden.0".into()))
        );
        assert_eq!(name("gram_ff"), Some(("gram", "neurons".into())));
        assert_eq!(name("purity.W"), None);
        assert_eq!(name("something"), None);
    }
}
