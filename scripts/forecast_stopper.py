"""Ends a PyTorch loop when `dunwu forecast` says so: a pipe carries the readings, the exit code the answer.

    python scripts/forecast_stopper.py            # a small classifier, with PyTorch
    python scripts/forecast_stopper.py --curve    # the same loop over a made-up curve, without it

`Stopper` is all that a loop needs; nothing but the standard library and `dunwu` on the path.
"""

import json
import math
import subprocess
import sys

STOP = 10  # the exit code of `dunwu forecast --follow` for a run that is to be stopped


class Stopper:
    """Tells dunwu each reading; `should_stop` once it has ended with the answer."""

    def __init__(self, horizon, *words, command="dunwu"):
        self.log = subprocess.Popen(
            [command, "forecast", "-", "--follow", "--json", f"horizon={horizon}", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, step, **metrics):
        """Readings at a step: tell(100, val_loss=0.3, lr=1e-3)."""
        if self.log.poll() is None:
            try:
                self.log.stdin.write(json.dumps({"step": step, **metrics}) + "\n")
                self.log.stdin.flush()
            except BrokenPipeError:  # it ended between the two calls
                self.log.wait()

    def should_stop(self):
        return self.log.poll() == STOP

    def close(self):
        """The last forecast, or None."""
        if self.log.poll() is None:
            self.log.stdin.close()
        lines = self.log.stdout.read().splitlines()
        self.log.wait()
        return json.loads(lines[-1]) if lines else None


def curve(epochs):
    """A validation loss that settles."""
    for epoch in range(1, epochs + 1):
        yield epoch, 0.3 + 2.0 * math.exp(-epoch / 20) + 0.002 * math.sin(7.0 * epoch)


def classifier(epochs):
    """The validation loss of a small network on two noisy spirals."""
    import torch

    torch.manual_seed(0)
    angle = 6.0 * torch.rand(600)
    side = torch.randint(0, 2, (600,))
    phase = angle + math.pi * side
    points = torch.stack([angle * phase.cos(), angle * phase.sin()], 1) / 6 + 0.05 * torch.randn(600, 2)
    net = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.SiLU(), torch.nn.Linear(64, 2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    loss = torch.nn.CrossEntropyLoss()
    for epoch in range(1, epochs + 1):
        optimizer.zero_grad()
        loss(net(points[:400]), side[:400]).backward()
        optimizer.step()
        with torch.no_grad():
            yield epoch, loss(net(points[400:]), side[400:]).item()


def main():
    epochs = 2000
    stopper = Stopper(epochs)
    readings = curve(epochs) if "--curve" in sys.argv[1:] else classifier(epochs)
    for epoch, val_loss in readings:
        stopper.tell(epoch, val_loss=val_loss)
        if stopper.should_stop():
            print(f"stopped after {epoch} of {epochs} epochs")
            break
    told = stopper.close()
    if told:
        print(f"{told['decision']}: {told['reason']}")


if __name__ == "__main__":
    main()
