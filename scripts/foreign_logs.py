"""Writes the logs in crates/dunwu-store/tests/data/logs, each with the package that writes such logs.

    pip install -r scripts/foreign_logs_requirements.txt
    python scripts/foreign_logs.py crates/dunwu-store/tests/data/logs

Every file holds the same run: 12 readings at steps 0, 100, ..., 1100 of loss(k) = 2 / (1 + k) and
acc(k) = k / (1 + k), read while training and held out, in float32. W&B's tables (CSV of a panel) come from its server, which
no package is: they are left out. What its client keeps on the disk is not.
"""

import os
import shutil
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"

STEPS = range(0, 1200, 100)


def loss(step):
    return 2.0 / (1.0 + step / 100)


def acc(step):
    return step / 100 / (1.0 + step / 100)


def scalars(step):
    return {"train/loss": loss(step), "val/acc": acc(step)}


def tensorboardx(out):
    from tensorboardX import SummaryWriter

    folder = out / "tensorboardx"
    writer = SummaryWriter(str(folder), filename_suffix=".old")
    for step in STEPS:
        for name, value in scalars(step).items():
            writer.add_scalar(name, value, step)
        writer.add_text("note", "no scalar", step)
    writer.close()
    single(folder, out / "events.out.tfevents.old")


def tensorboard(out):
    from tensorboard.summary import Writer

    folder = out / "tensorboard"
    writer = Writer(str(folder))
    for step in STEPS:
        for name, value in scalars(step).items():
            writer.add_scalar(name, value, step)
    writer.close()
    single(folder, out / "events.out.tfevents.tensors")


def single(folder, target):
    """The one file of a folder, under a name that does not change."""
    (file,) = folder.iterdir()
    shutil.move(file, target)
    folder.rmdir()


def transformers(out):
    from transformers import TrainerState

    state = TrainerState(max_steps=1200, global_step=1100)
    for step in STEPS:
        state.log_history.append({"epoch": step / 400, "loss": loss(step), "learning_rate": 5e-5, "step": step})
        state.log_history.append({"epoch": step / 400, "eval_accuracy": acc(step), "eval_runtime": 1.5, "step": step})
    state.log_history.append({"epoch": 3.0, "loss": float("nan"), "step": 1200})
    state.save_to_json(str(out / "trainer_state.json"))


def keras(out):
    from keras.callbacks import CSVLogger

    logger = CSVLogger(str(out / "keras.csv"))

    class Model:
        stop_training = False

    logger.set_model(Model())
    logger.on_train_begin()
    for epoch, step in enumerate(STEPS):
        logger.on_epoch_end(epoch, {"loss": loss(step), "accuracy": acc(step) / 2, "val_accuracy": acc(step)})
    logger.on_train_end()


def mlflow(out):
    import mlflow

    store = out / "mlruns"
    mlflow.set_tracking_uri(store.resolve().as_uri())
    experiment = mlflow.create_experiment("curves")
    with mlflow.start_run(experiment_id=experiment) as run:
        for step in STEPS:
            mlflow.log_metrics({"train_loss": loss(step), "val/acc": acc(step)}, step=step)
    kept = out / "mlflow"
    source = store / experiment / run.info.run_id
    shutil.copytree(source / "metrics", kept / "metrics")
    # The rest of it names this machine.
    (kept / "meta.yaml").write_text("run_name: curves\n")
    shutil.rmtree(store)


def lightning(out):
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    table = CSVLogger(str(out / "lightning"), name="", version="")
    events = TensorBoardLogger(str(out / "lightning_events"), name="", version="")
    for logger in (table, events):
        # As the trainer logs: readings of training and of validation in turn, with the epoch beside them.
        for step in STEPS:
            logger.log_metrics({"train_loss": loss(step), "epoch": step // 400}, step=step)
            logger.log_metrics({"val_acc": acc(step), "epoch": step // 400}, step=step)
        logger.save()
        logger.finalize("success")
    shutil.move(out / "lightning/metrics.csv", out / "lightning.csv")
    shutil.rmtree(out / "lightning")
    folder = out / "lightning_events"
    (folder / "hparams.yaml").unlink(missing_ok=True)
    single(folder, out / "events.out.tfevents.lightning")


def wandb(out):
    import wandb as client

    folder = out / "offline"
    folder.mkdir()
    # What names this machine is switched off.
    settings = client.Settings(
        x_disable_stats=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
        disable_git=True,
        disable_code=True,
        save_code=False,
        host="host",
        program="train.py",
        console="off",
    )
    run = client.init(project="curves", name="red-1", id="red1", dir=str(folder), settings=settings)
    for step in STEPS:
        row = {"train/loss": loss(step), "val": {"acc": acc(step)}, "note": "no number"}
        run.log(row | ({"train/grad": float("nan")} if step == 0 else {}), step=step)
    run.finish()
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    shutil.move(file, out / "run-red1.wandb")
    shutil.rmtree(folder)


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for write in (tensorboardx, tensorboard, transformers, keras, lightning, mlflow, wandb):
        write(out)


main()
