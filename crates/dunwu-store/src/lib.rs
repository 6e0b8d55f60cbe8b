//! Run directories, Parquet curves and safetensors checkpoints.
