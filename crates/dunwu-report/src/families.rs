//! Which signals are drawn together, and what they mean.

use crate::scale::{Format, Spread};

/// The part of the page that a chart stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// How the network learned.
    #[default]
    Learned,
    /// Where a transformer's heads look; columns are `name.layer.head`.
    Attention,
    /// What each of its layers does; columns are `name.layer`.
    Layers,
}

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
    /// Where it is drawn.
    pub(crate) part: Part,
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
        part: Part::Learned,
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

const fn of_heads(
    name: &'static str,
    rank: u8,
    spread: Spread,
    title: &'static str,
    help: &'static str,
) -> Family {
    Family {
        part: Part::Attention,
        ..layered(name, rank, spread, title, help)
    }
}

const fn of_layers(
    name: &'static str,
    rank: u8,
    spread: Spread,
    title: &'static str,
    help: &'static str,
) -> Family {
    Family {
        part: Part::Layers,
        ..layered(name, rank, spread, title, help)
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
            ("noisy_acc", "wrong labels"),
            ("noisy_clean_acc", "true answers to them"),
        ],
        ..family(
            "accuracy",
            0,
            Linear,
            "Accuracy: share of right answers",
            "Train are the examples the network learns from; test are examples it never sees. A train line that rises \
             long before the test line is memorising first, understanding later. Wrong labels, where there are some, are \
             training rows whose answer was replaced: how many are repeated as taught, and how many get the true answer.",
        )
    },
    of_heads(
        "attention_change",
        37,
        Linear,
        "How much the heads change their mind between readings",
        "Half of the sum of what each position's share changed by: 0 when a head looks where it looked at the reading \
         before, 1 when it looks somewhere else altogether.",
    ),
    of_heads(
        "attention_entropy",
        36,
        Linear,
        "How many positions a head looks at (entropy, nats)",
        "0 when a head looks at a single position, log n when it looks at n alike.",
    ),
    Family {
        format: Format::Percent,
        ..of_heads(
            "attention_first",
            30,
            Linear,
            "Birth of a sink: attention on the first position",
            "The share of a head's attention that later positions give to the first one; L0 H1 is head 1 of layer 0. A \
             head that gives it most of its attention whatever stands there has made a sink of it.",
        )
    },
    Family {
        format: Format::Percent,
        ..of_heads(
            "attention_plain",
            31,
            Linear,
            "The same, of tokens that are no triggers",
            "Only triggers need to look back, at the token before them. What the others do with their attention does not \
             help the task: the start token is where they can leave it.",
        )
    },
    Family {
        format: Format::Percent,
        ..of_heads(
            "attention_top",
            38,
            Linear,
            "Attention on the position that draws most",
            "As above, for whichever position draws most at that reading: a sink need not be the first one.",
        )
    },
    of_heads(
        "attention_top_at",
        39,
        Linear,
        "Which position draws most",
        "Its number, from 0.",
    ),
    Family {
        format: Format::Percent,
        ..of_heads(
            "attention_trigger",
            32,
            Linear,
            "The same, of triggers",
            "A trigger repeats the token before it, so it should look there and not at the start token.",
        )
    },
    Family {
        columns: &[("embedding_entropy", "entropy")],
        ..family(
            "embedding_entropy",
            17,
            Linear,
            "Spread of the embedding over features (entropy, nats)",
            "High when all features of the task are in the vectors of the tokens, low when a few features are left.",
        )
    },
    Family {
        columns: &[("embedding_keys", "features")],
        ..family(
            "embedding_keys",
            18,
            Linear,
            "Fewest features that carry 85 % of the embedding",
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
            60,
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
            "Learning signal before the readout, ‖G_F‖",
            "What the readout asks of what it reads, the hidden neurons or a transformer's last layer (“coded” is the form that published code reports). It is small while only the readout learns, grows \
             while features form, and dies away when the rule is found.",
        )
    },
    layered(
        "grad_norm",
        7,
        Log,
        "Gradient norm of each layer",
        "Length of the gradient. W is all that comes before the readout, V the readout.",
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
    of_heads(
        "key_bias",
        34,
        Linear,
        "How far the key of the position that draws most stands out",
        "Its score minus the mean score of the others, before they become shares: a sink's key is liked by every query \
         alike. Beyond 3 the others hardly count.",
    ),
    of_heads(
        "key_bias_plain",
        43,
        Linear,
        "How far that key stands out to tokens that are no triggers",
        "The chart of its score above the others, of those queries alone.",
    ),
    of_heads(
        "key_bias_trigger",
        44,
        Linear,
        "How far that key stands out to triggers",
        "The same of triggers, which have something better to look at.",
    ),
    Family {
        columns: &[("key_features", "keys")],
        ..family(
            "key_features",
            61,
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
            62,
            Linear,
            "The key features' part of the outputs",
            "Small while answers are remembered ones, however many features are key; nearly all once the rule gives them.",
        )
    },
    of_heads(
        "key_spread",
        35,
        Linear,
        "How much that differs from query to query (standard deviation)",
        "Small beside the chart above: the key is a bias, the same whoever asks. As large: some queries seek it and \
         others pass it over.",
    ),
    of_heads(
        "key_spread_plain",
        45,
        Linear,
        "How much that differs among tokens that are no triggers",
        "Small beside its mean: to them the key is a bias.",
    ),
    of_heads(
        "key_spread_trigger",
        46,
        Linear,
        "How much that differs among triggers",
        "Small beside its mean: they all pass it over, or all seek it.",
    ),
    of_layers(
        "layer_grad",
        52,
        Log,
        "Gradient that reaches each layer",
        "How strongly the loss asks for another output of the layer, all training examples together.",
    ),
    of_layers(
        "layer_moved",
        53,
        Linear,
        "How far the weights of each layer have come",
        "Distance from where they began, beside their length there.",
    ),
    of_layers(
        "layer_update",
        54,
        Log,
        "How much the weights of each layer change between readings",
        "Length of the change beside the length of the weights.",
    ),
    Family {
        format: Format::Percent,
        ..of_layers(
            "lens_acc",
            50,
            Linear,
            "Answers read off each layer: accuracy on unseen examples",
            "What the readout would answer if it came right after that layer (logit lens). The last layer's line is the \
             network's own.",
        )
    },
    of_layers(
        "lens_loss",
        51,
        Log,
        "Answers read off each layer: loss on unseen examples",
        "The same for the loss. A layer whose loss is higher than a guess's holds something that the readout does not \
         understand yet.",
    ),
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
    of_layers(
        "massive",
        55,
        Log,
        "Massive activations: largest number of the stream over its median",
        "After each layer. From a thousand on (and 100 in size) arXiv 2402.17762 calls an activation massive; they sit on \
         sinks.",
    ),
    of_layers(
        "massive_at",
        56,
        Linear,
        "Where the largest number stands",
        "Position in the sequence, from 0.",
    ),
    Family {
        format: Format::Percent,
        columns: &[("nodes_85", "85 %"), ("nodes_95", "95 %")],
        ..family(
            "nodes",
            63,
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
        columns: &[("sink_position", "position")],
        part: Part::Attention,
        ..family(
            "sink_position",
            42,
            Linear,
            "Where most heads sink",
            "The position that most heads give more than 30 % of their attention, from 0.",
        )
    },
    Family {
        format: Format::Percent,
        columns: &[("sinks", "first"), ("sinks_there", "anywhere")],
        part: Part::Attention,
        ..family(
            "sinks",
            41,
            Linear,
            "Heads that sink: share with a mean above 30 % on one position",
            "On the first position, and on the one where most do. The sink measure of arXiv 2410.10781.",
        )
    },
    layered(
        "update_cos",
        3,
        Log,
        "Turning of the updates, 1 − cosine",
        "0 when each update points the same way as the last, 1 when it is at a right angle. W is all that comes before \
         the readout, V the readout.",
    ),
    layered(
        "update_norm",
        6,
        Log,
        "Size of the updates of each layer",
        "How far each layer moves in one epoch. Layers differ in size: compare each with its own course rather than with the others.",
    ),
    of_heads(
        "value_first",
        33,
        Log,
        "Birth of a sink: norm of the first value over that of the others",
        "What a head takes from a position is its value. A sink gives attention somewhere to go without changing \
         anything: its value is drained to nearly 0.",
    ),
    of_heads(
        "value_top",
        40,
        Log,
        "Norm of the value of the position that draws most over that of the others",
        "As above, for whichever position draws most.",
    ),
    layered(
        "weight_norm",
        8,
        Log,
        "Weight norm of each layer",
        "Length of the weights. Memorising needs large weights; weight decay then pulls towards the simpler rule.",
    ),
];

impl Part {
    /// What a line is called.
    fn label(self, label: String) -> String {
        match (self, label.split_once('.')) {
            (Part::Attention, Some((layer, head))) => format!("L{layer} H{head}"),
            (Part::Layers, _) => format!("layer {label}"),
            _ => label,
        }
    }
}

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
            .map(|label| (family, family.part.label(label)))
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
        assert_eq!(
            name("attention_top_at.1.12"),
            Some(("attention_top_at", "L1 H12".into()))
        );
        assert_eq!(name("lens_acc.3"), Some(("lens_acc", "layer 3".into())));
        assert_eq!(name("gram_ff"), Some(("gram", "neurons".into())));
        assert_eq!(name("purity.W"), None);
        assert_eq!(name("something"), None);
    }
}
